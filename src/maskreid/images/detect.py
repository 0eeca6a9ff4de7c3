"""Which dataset is this? Try every layout, or the one that is named."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from pathlib import Path

from maskreid.errors import MaskreidError
from maskreid.images.market1501 import read_market1501
from maskreid.images.records import Dataset
from maskreid.images.source import Source, open_source

# In the order they are tried: the most particular layout first.
FORMATS: dict[str, Callable[[Source, list[str]], Dataset | None]] = {
    "market1501": read_market1501,
}


def open_dataset(path: str | Path, format: str | None = None) -> Dataset:
    """Open a dataset from its folder, the folder above it, or its zip as downloaded.

    Args:
        path: the folder, zip or CSV file.
        format: one of `FORMATS`; None tries them all.

    Raises:
        MaskreidError: nothing is there, or it has none of the known layouts.
    """
    if format is not None and format not in FORMATS:
        near = difflib.get_close_matches(format, FORMATS, 1)
        hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(FORMATS)}"
        raise MaskreidError(f"unknown dataset format {format!r}; {hint}")
    source = open_source(path)
    members = source.members()
    for name in [format] if format else FORMATS:
        dataset = FORMATS[name](source, members)
        if dataset is not None:
            return dataset
    tops = sorted({member.split("/")[0] for member in members})
    raise MaskreidError(
        f"{path}: expected {'the layout of ' + format if format else 'one of ' + ', '.join(FORMATS)}, found "
        f"{len(members)} files under {', '.join(tops[:6]) or 'nothing'}{' ...' if len(tops) > 6 else ''}"
    )
