from __future__ import annotations

import numpy as np
import pytest

from maskreid.retrieval.count_kernels import CHUNK, PASSES, count_ranks
from maskreid.retrieval.ranks import sort_within


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("levels", [1, 4, 10**6])
@pytest.mark.parametrize(("columns", "most"), [(80, 16), (2 * CHUNK + 100, 40), (300, 3 * PASSES)])
def test_counting_gives_the_rank_of_a_stable_sort(columns: int, most: int, levels: int, dtype: type) -> None:
    """Also where all or many similarities are equal, where a row has no match, and where it has very many."""
    for seed in range(3):
        rng = np.random.default_rng(seed)
        block = (rng.integers(0, levels, (7, columns)) / levels).astype(dtype)
        junk, *easy = (np.flatnonzero(rng.random(columns) < 0.2) for _ in range(8))
        kept = [np.setdiff1d(np.arange(columns), [*out, *junk]) for out in easy]
        matches = [np.sort(rng.permutation(items)[: rng.integers(most)]) for items in kept]
        expected = []
        for scores, found, items in zip(block, matches, kept, strict=True):
            ranked = sorted(items, key=lambda item: (-scores[item], item))
            ranks_of = {item: rank for rank, item in enumerate(ranked)}
            expected.append([ranks_of[match] for match in found])
        ranks = np.full(sum(map(len, matches)), -1)
        count_ranks(block, junk, starts(matches), np.concatenate(matches), starts(easy), np.concatenate(easy), ranks)
        for begin, own in zip(starts(matches), expected, strict=False):
            assert sorted(ranks[begin : begin + len(own)]) == sorted(own)


def starts(groups: list[np.ndarray]) -> np.ndarray:
    return np.cumsum([0, *map(len, groups)])


def test_each_query_s_ranks_are_sorted_and_stay_with_it() -> None:
    assert sort_within(np.array([5, 1, 0, 9, 2, 7]), np.array([0, 2, 3])).tolist() == [1, 5, 0, 2, 7, 9]
    assert sort_within(np.array([], dtype=np.int64), np.array([], dtype=np.int64)).tolist() == []
