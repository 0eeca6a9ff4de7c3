"""Average precision in its two definitions, and mINP's term, of one ranking.

Every function takes ``ranks``: the 0-based positions of the correct matches, strictly ascending and at least
one, counted among what the protocol ranks (junk takes no position).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from maskreid.errors import MaskreidError


def average_precision(ranks: ArrayLike) -> float:
    """Mean of the precision at each correct match: rectangles under the precision-recall curve.

    What torchreid, fast-reid and current scikit-learn compute.
    """
    at = _ranks(ranks)
    found = np.arange(1, at.size + 1)
    return float(np.mean(found / (at + 1)))


def average_precision_trapezoid(ranks: ArrayLike) -> float:
    """Area under the precision-recall curve by trapezoids, as Market-1501's own MATLAB code computes it.

    Precision just before a match and just after it are averaged; before the first item precision is 1. Papers
    of 2015-2018 took it from that code; it is lower than `average_precision`, for mAP by up to a point.
    """
    at = _ranks(ranks)
    found = np.arange(at.size)
    before = np.where(at == 0, 1.0, found / np.maximum(at, 1))
    return float(np.mean((before + (found + 1) / (at + 1)) / 2))


def inverse_negative_penalty(ranks: ArrayLike) -> float:
    """Number of correct matches over the 1-based rank of the last: the work of finding them all.

    Ye et al., "Deep Learning for Person Re-identification: A Survey and Outlook" (TPAMI 2021); its mean is mINP.
    """
    at = _ranks(ranks)
    return float(at.size / (at[-1] + 1))


def _ranks(ranks: ArrayLike) -> NDArray[np.int64]:
    at = np.asarray(ranks, dtype=np.int64)
    if at.ndim != 1 or at.size == 0 or at[0] < 0 or (np.diff(at) <= 0).any():
        raise MaskreidError(f"ranks: expected ascending 0-based positions of at least one match, got {ranks!r}")
    return at
