"""k-reciprocal encodings: who an item's neighbours of neighbours are, and how much each of them weighs."""

from __future__ import annotations

import numpy as np

from maskreid.retrieval.features import FloatArray
from maskreid.retrieval.neighbours import Neighbours
from maskreid.retrieval.sparse_rows import SparseRows, empty_rows
from maskreid.threads import in_threads


def encode(vectors: FloatArray, neighbours: Neighbours, k1: int) -> SparseRows:
    """Weigh each item's expanded k-reciprocal neighbours: rows of V (Zhong et al., Eq. 3-7), each of sum 1.

    Args:
        vectors: (N, D) float32 unit rows.
        neighbours: of these, at least k1 + 1 an item or as many as there are.
        k1: how many must be mutual.

    Returns:
        N rows of weights of items.
    """
    from maskreid.retrieval.encoding_kernels import count_members, write_encoding

    nearest, largest = neighbours.nearest, neighbours.largest
    total, found = nearest.shape
    count, half = min(k1 + 1, found), min(int(np.around(k1 / 2)) + 1, found)
    sizes = np.empty(total, np.int64)
    in_threads(lambda first, last: count_members(nearest, count, half, first, last, sizes), total)
    encoding = empty_rows(sizes)
    in_threads(
        lambda first, last: write_encoding(vectors, nearest, largest, count, half, first, last, encoding), total
    )
    return encoding


def average(encoding: SparseRows, neighbours: Neighbours, k2: int) -> SparseRows:
    """Average each item's encoding with those of its nearest: local query expansion (Zhong et al., Eq. 11)."""
    from maskreid.retrieval.encoding_kernels import count_averaged, write_averaged

    nearest = neighbours.nearest
    k2 = min(k2, nearest.shape[1])
    sizes = np.empty(len(nearest), np.int64)
    in_threads(lambda first, last: count_averaged(nearest, k2, encoding, first, last, sizes), len(nearest))
    averaged = empty_rows(sizes)
    in_threads(lambda first, last: write_averaged(nearest, k2, encoding, first, last, averaged), len(nearest))
    return averaged
