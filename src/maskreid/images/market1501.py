"""Market-1501 (Zheng et al., ICCV 2015)."""

from __future__ import annotations

from maskreid.images.market_style import read_market_style
from maskreid.images.records import Dataset
from maskreid.images.source import Source


def read_market1501(source: Source, members: list[str]) -> Dataset | None:
    """Read Market-1501 from its folder or zip; None if its three folders are not there.

    Junk (identity -1) and distractors (0) stay in the gallery: the protocol knows what to do with them. ``gt_bbox``,
    where it exists, becomes the split "multi_query".
    """
    return read_market_style(source, "market1501", members, {"multi_query": "gt_bbox"})
