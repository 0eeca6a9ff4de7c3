"""Evaluation's inner loops, compiled: ranks of the correct matches by counting, the gallery is never sorted."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from maskreid.compiled import compiled
from maskreid.retrieval.features import IntArray

CHUNK = 2048  # similarities that every match is compared with before the next ones are read
PASSES = 64  # matches; from there on one binary search per similarity beats one pass per match


@compiled
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

    That is the place of m in a stable sort from the most to the least similar, without the sort.

    Args:
        block: (B, G) similarities; what is passed over becomes minus infinity here.
        junk: gallery rows that no query ranks.
        match_starts: (B + 1,) where each row's correct matches start in ``matches``.
        matches: gallery rows, ascending for each query.
        easy_starts: (B + 1,) where each row's passed over gallery rows start in ``easy``.
        easy: gallery rows.
        ranks: 0-based ranks are written here; a query's ranks in any order.
    """
    for row in range(len(block)):
        scores = block[row]
        for place in range(len(junk)):
            scores[junk[place]] = -np.inf
        for place in range(easy_starts[row], easy_starts[row + 1]):
            scores[easy[place]] = -np.inf
        own = matches[match_starts[row] : match_starts[row + 1]]
        if len(own) < PASSES:
            _count_in_passes(scores, own, ranks[match_starts[row] : match_starts[row + 1]])
        else:
            _count_by_search(scores, own, ranks[match_starts[row] : match_starts[row + 1]])


@compiled
def _count_in_passes(scores: NDArray[np.floating], matches: IntArray, ranks: IntArray) -> None:
    ranks[:] = 0
    for start in range(0, len(scores), CHUNK):
        chunk = scores[start : start + CHUNK]
        for place in range(len(matches)):
            own = scores[matches[place]]
            before = min(max(matches[place] - start, 0), len(chunk))
            ranks[place] += _at_least(chunk[:before], own) + _above(chunk[before:], own)


@compiled
def _at_least(scores: NDArray[np.floating], bound: np.floating) -> np.int32:
    count = np.int32(0)  # 32 bits, as wide as a score, so that both fit one vector register
    for place in range(len(scores)):
        count += np.int32(scores[place] >= bound)
    return count


@compiled
def _above(scores: NDArray[np.floating], bound: np.floating) -> np.int32:
    count = np.int32(0)
    for place in range(len(scores)):
        count += np.int32(scores[place] > bound)
    return count


@compiled
def _count_by_search(scores: NDArray[np.floating], matches: IntArray, ranks: IntArray) -> None:
    """Find, for each score, the first of the sorted matches that ranks after it; then add up from the front."""
    order = matches[np.argsort(-scores[matches], kind="mergesort")]  # a stable sort of what comes ascending
    ranks[:] = 0
    for item in range(len(scores)):
        low, high = 0, len(order)
        while low < high:
            middle = (low + high) // 2
            match = order[middle]
            if scores[match] < scores[item] or (scores[match] == scores[item] and match > item):
                high = middle
            else:
                low = middle + 1
        if low < len(order):
            ranks[low] += 1
    for place in range(1, len(order)):
        ranks[place] += ranks[place - 1]
