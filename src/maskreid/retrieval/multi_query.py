"""Multiple query: all boxes of a person in the query's camera pool into one feature."""

from __future__ import annotations

import numpy as np

from maskreid.errors import MaskreidError
from maskreid.retrieval.features import Features


def pool_queries(query: Features, boxes: Features) -> Features:
    """Replace each query by the mean of the boxes with its identity and camera, normalised again.

    Args:
        query: the single queries.
        boxes: Market-1501's ``gt_bbox``: hand-drawn boxes of the same people.

    Returns:
        One row for each query, in the same order.

    Raises:
        MaskreidError: a query has no box.
    """
    order = np.lexsort((boxes.cameras, boxes.identities))
    keys = list(zip(boxes.identities[order].tolist(), boxes.cameras[order].tolist(), strict=True))
    groups: dict[tuple[int, int], list[int]] = {}
    for key, row in zip(keys, order.tolist(), strict=True):
        groups.setdefault(key, []).append(row)
    pooled = np.empty_like(query.vectors)
    for row, key in enumerate(zip(query.identities.tolist(), query.cameras.tolist(), strict=True)):
        if key not in groups:
            raise MaskreidError(
                f"multiple query: no box of identity {key[0]} in camera {key[1]}, which query "
                f"{query.paths[row] if query.paths else row} needs; is gt_bbox complete?"
            )
        pooled[row] = boxes.vectors[groups[key]].mean(0)
    return Features.normalised(pooled, query.identities, query.cameras, query.paths, query.model)
