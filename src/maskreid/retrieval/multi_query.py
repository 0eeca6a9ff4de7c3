"""Multiple query: all boxes of a person in the query's camera pool into one feature."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from maskreid.errors import MaskreidError
from maskreid.retrieval.evaluate import check_comparable
from maskreid.retrieval.features import UNKNOWN_CAMERA, Features


def pool_queries(query: Features, boxes: Features) -> Features:
    """Replace each query by the mean of the boxes with its identity and camera, normalised again.

    As the evaluation code of Market-1501 (Zheng et al., ICCV 2015) does it: the query's own vector takes part only
    if it is among the boxes. (Its other pooling, the maximum of each number, was for bags of words.)

    Args:
        query: the single queries.
        boxes: Market-1501's ``gt_bbox``: hand-drawn boxes of the same people.

    Returns:
        One row for each query, in the same order; evaluate it like single queries.

    Raises:
        MaskreidError: a query has no box, or an unknown camera; the features do not fit each other.
    """
    check_comparable(query, boxes)
    rows_of: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
    for row, key in enumerate(zip(boxes.identities.tolist(), boxes.cameras.tolist(), strict=True)):
        if key[1] != UNKNOWN_CAMERA:
            rows_of[key].append(row)
    pooled = np.empty_like(query.vectors)
    for row, key in enumerate(zip(query.identities.tolist(), query.cameras.tolist(), strict=True)):
        if key not in rows_of:
            raise MaskreidError(
                f"multiple query: no box of identity {key[0]} in camera {key[1]}, which query "
                f"{query.paths[row] if query.paths else row} needs; is gt_bbox complete?"
            )
        pooled[row] = boxes.vectors[rows_of[key]].mean(axis=0)
    return Features.normalised(pooled, query.identities, query.cameras, query.paths, query.model)
