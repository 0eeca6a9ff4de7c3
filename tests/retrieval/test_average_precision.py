from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskreid.errors import MaskreidError
from maskreid.retrieval import average_precision, average_precision_trapezoid, inverse_negative_penalty

RANKS = st.sets(st.integers(0, 60), min_size=1).map(sorted)


@pytest.mark.parametrize(
    ("goods", "rectangular", "trapezoid", "penalty"),
    [
        ([0, 1, 0, 0], 0.5, 0.25, 0.5),
        ([1, 0, 1], (1 + 2 / 3) / 2, (1 + (1 / 2 + 2 / 3) / 2) / 2, 2 / 3),
        ([1], 1, 1, 1),
        ([1, 1, 1, 0], 1, 1, 1),
        ([0, 0, 1, 1], (1 / 3 + 2 / 4) / 2, ((0 + 1 / 3) / 2 + (1 / 3 + 2 / 4) / 2) / 2, 2 / 4),
    ],
)
def test_hand_computed(goods: list[int], rectangular: float, trapezoid: float, penalty: float) -> None:
    ranks = np.flatnonzero(goods)
    assert average_precision(ranks) == pytest.approx(rectangular, abs=1e-12)
    assert average_precision_trapezoid(ranks) == pytest.approx(trapezoid, abs=1e-12)
    assert inverse_negative_penalty(ranks) == pytest.approx(penalty, abs=1e-12)


def market_ap(ranks: list[int]) -> float:
    """Market-1501's program: walk the ranking, add a trapezoid where recall moves."""
    area, recall_before, precision_before = 0.0, 0.0, 1.0
    found = 0
    for position in range(ranks[-1] + 1):
        found += position in ranks
        recall, precision = found / len(ranks), found / (position + 1)
        area += (recall - recall_before) * (precision_before + precision) / 2
        recall_before, precision_before = recall, precision
    return area


@given(RANKS)
def test_trapezoid_is_the_walk_of_the_original_program(ranks: list[int]) -> None:
    assert average_precision_trapezoid(ranks) == pytest.approx(market_ap(ranks), abs=1e-12)


@given(RANKS)
def test_order_of_the_definitions(ranks: list[int]) -> None:
    assert 0 <= average_precision_trapezoid(ranks) <= average_precision(ranks) + 1e-12 <= 1 + 2e-12


@given(RANKS)
def test_a_wrong_answer_ahead_of_all_lowers_every_score(ranks: list[int]) -> None:
    later = [rank + 1 for rank in ranks]
    for score in (average_precision, average_precision_trapezoid, inverse_negative_penalty):
        assert score(later) < score(ranks)


@pytest.mark.parametrize("ranks", [[], [2, 1], [1, 1], [-1, 3], [[0, 1]]])
@pytest.mark.parametrize("function", [average_precision, average_precision_trapezoid, inverse_negative_penalty])
def test_refuses_what_is_no_list_of_ranks(function, ranks) -> None:
    with pytest.raises(MaskreidError, match="ascending 0-based positions"):
        function(ranks)
