"""Evaluation's inner loop, compiled. Imported only where it runs: numba takes most of a second to import."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from maskreid.retrieval.features import IntArray


@njit(cache=True, nogil=True)
def _at_least(scores: NDArray[np.floating], bound: float) -> int:
    count = np.int32(0)  # 32 bits, as wide as a score, so that both fit one vector register
    for place in range(len(scores)):
        count += scores[place] >= bound
    return int(count)


@njit(cache=True, nogil=True)
def _above(scores: NDArray[np.floating], bound: float) -> int:
    count = np.int32(0)
    for place in range(len(scores)):
        count += scores[place] > bound
    return int(count)


@njit(cache=True, nogil=True)
def count_ranks(
    block: NDArray[np.floating],
    junk: IntArray,
    match_starts: IntArray,
    matches: IntArray,
    easy_starts: IntArray,
    easy: IntArray,
    ranks: IntArray,
) -> None:
    """Count what ranks before each correct match: rank(m) = #{j: s_j > s_m} + #{j < m: s_j = s_m}.

    That is the place of m in a stable sort from the most to the least similar, without the sort: a row is read once
    for each of its few matches, while it is in the cache.

    Args:
        block: (B, G) similarities; what is passed over becomes minus infinity here.
        junk: gallery rows that no query ranks.
        match_starts: (B + 1,) where each row's correct matches start in ``matches``.
        matches: gallery rows.
        easy_starts: (B + 1,) where each row's passed over gallery rows start in ``easy``.
        easy: gallery rows.
        ranks: 0-based ranks are written here, one for each of ``matches``.
    """
    for row in range(len(block)):
        scores = block[row]
        for place in range(len(junk)):
            scores[junk[place]] = -np.inf
        for place in range(easy_starts[row], easy_starts[row + 1]):
            scores[easy[place]] = -np.inf
        for place in range(match_starts[row], match_starts[row + 1]):
            match = matches[place]
            own = scores[match]
            ranks[place] = _at_least(scores[:match], own) + _above(scores[match + 1 :], own)
