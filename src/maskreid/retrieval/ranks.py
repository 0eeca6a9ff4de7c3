"""Where the correct matches stand in one query's ranking, without sorting the gallery."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from maskreid.retrieval.features import IntArray

COUNT_UP_TO = 128  # matches; above it one sort of the row is cheaper than one pass per match


def match_ranks(similarities: NDArray[np.floating], matches: IntArray) -> IntArray:
    """0-based ranks of the items ``matches`` when a row is ranked from the most to the least similar.

    Equal similarities rank in the order of the gallery, as a stable sort puts them, so the answer does not
    depend on the sort at hand: rank(m) = #{j: s_j > s_m} + #{j < m: s_j = s_m}.

    Args:
        similarities: (G,) float; minus infinity at what the protocol passes over, finite elsewhere.
        matches: (M,) indices of the correct matches, all finite.

    Returns:
        (M,) int64, ascending.
    """
    if len(matches) > COUNT_UP_TO:
        order = np.argsort(-similarities, kind="stable")
        correct = np.zeros(len(similarities), dtype=bool)
        correct[matches] = True
        return np.flatnonzero(correct[order])
    ranks = np.empty(len(matches), dtype=np.int64)
    for number, match in enumerate(matches):
        own = similarities[match]
        ranks[number] = np.count_nonzero(similarities[:match] >= own)
        ranks[number] += np.count_nonzero(similarities[match + 1 :] > own)
    ranks.sort()
    return ranks
