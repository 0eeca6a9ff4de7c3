from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from made_up_scores import made_up_scores

from maskreid.errors import MaskreidError
from maskreid.retrieval.drawn_answers import draw_answers


def test_everybody_asks_where_all_are_strangers() -> None:
    answers = draw_answers(made_up_scores(0, askers=30, others=0), draws=20)
    assert answers.entries.min() == 4 * 2
    assert answers.entries.max() == 4 * 15
    assert 0 < answers.right.mean() < 1


def test_enrolled_people_and_absent_ones_weigh_the_same() -> None:
    scores = made_up_scores(0, askers=9)
    answers = draw_answers(scores, draws=1)
    # Four of nine are enrolled, and everybody asks six times.
    weights, counts = np.unique(answers.weight, return_counts=True)
    assert weights.tolist() == pytest.approx([0.5 / 30, 0.5 / 24])
    assert counts.tolist() == [30, 24]
    assert (answers.weight[answers.right] == weights[1]).all(), "nobody who is absent is found"
    (size,) = set(answers.entries.tolist())
    assert size == 4 * (4 + 300)


@pytest.mark.parametrize(("askers", "others"), [(9, 30), (9, 7), (30, 2)])
def test_who_cannot_be_found_is_not_asked_for_while_enrolled(askers: int, others: int) -> None:
    """Every answer, drawn again with loops; half of the queries have only passed-over images of their person."""
    whole = made_up_scores(0, askers=askers, others=others, queries=4)
    best = whole.best.copy()
    hidden = [row for row in range(len(whole.own)) if row % 4 < 2 or whole.own[row] == 0]  # person 0 altogether
    best[hidden, whole.own[hidden]] = -np.inf
    scores = replace(whole, best=best)
    rng = np.random.default_rng(5)
    expected = []
    for share in np.geomspace(1, 0.1, 6):
        asking = rng.permutation(np.arange(1, askers)).tolist()
        strangers = [0, *range(askers, askers + others)]
        if len(strangers) < askers - 1:
            asking = asking[: max(4, round(share * (askers - 1)))]
        enrolled = asking[: len(asking) // 2]
        there = enrolled + rng.permutation(strangers)[: round(share * len(strangers))].tolist()
        for row, own in enumerate(scores.own.tolist()):
            if own in asking and not (own in enrolled and row in hidden):
                answer = max(there, key=lambda person: best[row, person])
                expected.append((best[row, answer], answer == own, own + 1, 4 * len(there)))
    found = draw_answers(scores, draws=6, smallest=0.1, seed=5)
    assert list(zip(found.similarity, found.right, found.asked, found.entries, strict=True)) == expected


def test_too_few_people() -> None:
    with pytest.raises(MaskreidError, match="four people or more who can be found, got 3"):
        draw_answers(made_up_scores(0, askers=3))
