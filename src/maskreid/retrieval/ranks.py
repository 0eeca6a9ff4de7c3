"""Ranks of many queries one after the other."""

from __future__ import annotations

import numpy as np

from maskreid.retrieval.features import IntArray


def sort_within(ranks: IntArray, starts: IntArray) -> IntArray:
    """Sort each query's ranks.

    Args:
        ranks: (M,) 0-based, query after query.
        starts: (Q,) where each query's begin, ascending from 0.
    """
    if not len(ranks):
        return ranks
    offset = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(ranks))) * (ranks.max() + 1)
    return np.asarray(np.sort(ranks + offset) - offset)
