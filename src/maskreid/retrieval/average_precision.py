"""Average precision in its two definitions, and mINP's term.

The functions in the singular take one ranking's ``ranks``: the 0-based positions of the correct matches, strictly
ascending and at least one, counted among what the protocol ranks (junk takes no position). Those in the plural take
the ranks of many queries one after the other, (M,) int64, and ``starts``, (Q,) int64, where each query's begin.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from maskreid.errors import MaskreidError
from maskreid.retrieval.features import IntArray

FloatArray = NDArray[np.float64]


def average_precision(ranks: ArrayLike) -> float:
    """Mean of the precision at each correct match: rectangles under the precision-recall curve.

    What torchreid, fast-reid and current scikit-learn compute.
    """
    return float(average_precisions(_ranks(ranks), _ONE)[0])


def average_precision_trapezoid(ranks: ArrayLike) -> float:
    """Area under the precision-recall curve by trapezoids, as Market-1501's own MATLAB code computes it.

    Precision just before a match and just after it are averaged; before the first item precision is 1. Papers
    of 2015-2018 took it from that code; it is lower than `average_precision`; docs/evaluation.md has by how much.
    """
    return float(average_precisions_trapezoid(_ranks(ranks), _ONE)[0])


def inverse_negative_penalty(ranks: ArrayLike) -> float:
    """Number of correct matches over the 1-based rank of the last: the work of finding them all.

    Ye et al., "Deep Learning for Person Re-identification: A Survey and Outlook" (TPAMI 2021); its mean is mINP.
    """
    return float(inverse_negative_penalties(_ranks(ranks), _ONE)[0])


def average_precisions(ranks: IntArray, starts: IntArray) -> FloatArray:
    """`average_precision` of each query, (Q,) float64."""
    counts, found = _found(ranks, starts)
    return np.asarray(np.add.reduceat((found + 1) / (ranks + 1), starts) / counts)


def average_precisions_trapezoid(ranks: IntArray, starts: IntArray) -> FloatArray:
    """`average_precision_trapezoid` of each query, (Q,) float64."""
    counts, found = _found(ranks, starts)
    before = np.where(ranks == 0, 1.0, found / np.maximum(ranks, 1))
    return np.asarray(np.add.reduceat((before + (found + 1) / (ranks + 1)) / 2, starts) / counts)


def inverse_negative_penalties(ranks: IntArray, starts: IntArray) -> FloatArray:
    """`inverse_negative_penalty` of each query, (Q,) float64."""
    counts, _ = _found(ranks, starts)
    return np.asarray(counts / (ranks[starts + counts - 1] + 1))


_ONE = np.zeros(1, dtype=np.int64)  # the start of a single query's ranks


def _found(ranks: IntArray, starts: IntArray) -> tuple[IntArray, IntArray]:
    """Number of each query's matches, and for each match how many of its query rank before it."""
    counts = np.diff(starts, append=len(ranks))
    return counts, np.arange(len(ranks)) - np.repeat(starts, counts)


def _ranks(ranks: ArrayLike) -> NDArray[np.int64]:
    at = np.asarray(ranks, dtype=np.int64)
    if at.ndim != 1 or at.size == 0 or at[0] < 0 or (np.diff(at) <= 0).any():
        raise MaskreidError(f"ranks: expected ascending 0-based positions of at least one match, got {ranks!r}")
    return at
