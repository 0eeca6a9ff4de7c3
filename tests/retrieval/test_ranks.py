from __future__ import annotations

import numpy as np
import pytest

from maskreid.retrieval import ranks as ranks_file
from maskreid.retrieval.ranks import match_ranks


@pytest.mark.parametrize("count_up_to", [0, 10**6])
@pytest.mark.parametrize("levels", [1, 4, 10**6])
def test_counting_and_sorting_give_the_rank_of_a_stable_sort(monkeypatch, count_up_to: int, levels: int) -> None:
    monkeypatch.setattr(ranks_file, "COUNT_UP_TO", count_up_to)
    for seed in range(5):
        rng = np.random.default_rng(seed)
        row = (rng.integers(0, levels, 80) / levels).astype(np.float32)
        passed_over = rng.random(80) < 0.2
        matches = rng.permutation(np.flatnonzero(~passed_over))[:15]
        row[passed_over] = -np.inf
        ranked = sorted(np.flatnonzero(~passed_over), key=lambda item: (-row[item], item))
        expected = [rank for rank, item in enumerate(ranked) if item in matches]
        assert match_ranks(row, matches).tolist() == expected


def test_equal_similarities_rank_in_the_order_of_the_gallery() -> None:
    row = np.full(5, 0.5, np.float32)
    assert match_ranks(row, np.array([1, 3])).tolist() == [1, 3]
