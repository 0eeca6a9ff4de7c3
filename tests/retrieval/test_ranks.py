from __future__ import annotations

import numpy as np
import pytest

from maskreid.retrieval.count_kernels import count_ranks
from maskreid.retrieval.ranks import sort_within


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("levels", [1, 4, 10**6])
def test_counting_gives_the_rank_of_a_stable_sort(levels: int, dtype: type) -> None:
    """Also where all or many similarities are equal, and where a row has no match."""
    for seed in range(5):
        rng = np.random.default_rng(seed)
        block = (rng.integers(0, levels, (7, 80)) / levels).astype(dtype)
        junk, *easy = (np.flatnonzero(rng.random(80) < 0.2) for _ in range(8))
        kept = [np.setdiff1d(np.arange(80), [*out, *junk]) for out in easy]
        matches = [np.sort(rng.permutation(items)[: rng.integers(16)]) for items in kept]
        expected = []
        for scores, found, items in zip(block, matches, kept, strict=True):
            ranked = sorted(items, key=lambda item: (-scores[item], item))
            expected += [ranked.index(match) for match in found]
        ranks = np.full(len(expected), -1)
        count_ranks(block, junk, starts(matches), np.concatenate(matches), starts(easy), np.concatenate(easy), ranks)
        assert ranks.tolist() == expected


def starts(groups: list[np.ndarray]) -> np.ndarray:
    return np.cumsum([0, *map(len, groups)])


def test_each_query_s_ranks_are_sorted_and_stay_with_it() -> None:
    assert sort_within(np.array([5, 1, 0, 9, 2, 7]), np.array([0, 2, 3])).tolist() == [1, 5, 0, 2, 7, 9]
    assert sort_within(np.array([], dtype=np.int64), np.array([], dtype=np.int64)).tolist() == []
