"""Rows of a large matrix as lists of the few numbers in them that are not zero."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from maskreid.retrieval.features import FloatArray, IntArray, Items


class SparseRows(NamedTuple):
    """Weights of R rows, one row after the other; compiled loops take it as it is.

    Attributes:
        starts: (R + 1,) int64; row r has the places from ``starts[r]`` to ``starts[r + 1]`` of what follows.
        items: (M,) int32 columns of the weights.
        weights: (M,) float32, positive.
    """

    starts: IntArray
    items: Items
    weights: FloatArray


def empty_rows(sizes: IntArray) -> SparseRows:
    """Return rows of the given sizes, (R,), to be filled in."""
    starts = np.zeros(len(sizes) + 1, np.int64)
    np.cumsum(sizes, out=starts[1:])
    return SparseRows(starts, np.empty(starts[-1], np.int32), np.empty(starts[-1], np.float32))


def first_rows(rows: SparseRows, count: int) -> SparseRows:
    """Return a copy of the first ``count`` rows, which does not keep the others in memory."""
    end = rows.starts[count]
    return SparseRows(rows.starts[: count + 1].copy(), rows.items[:end].copy(), rows.weights[:end].copy())
