from __future__ import annotations

import numpy as np
import pytest

from maskreid.errors import MaskreidError
from maskreid.retrieval import IdentityScores, OpenSet, open_set
from maskreid.retrieval.open_set import LEVELS


def scores_of(best: np.ndarray, own: list[int]) -> IdentityScores:
    people = np.arange(1, best.shape[1] + 1)
    asked = np.array([people[column] if column >= 0 else 99 for column in own])
    return IdentityScores(best.astype(np.float32), people, np.full(len(people), 3), asked, np.array(own))


def random_scores(seed: int, queries: int = 60, people: int = 12) -> IdentityScores:
    rng = np.random.default_rng(seed)
    own = rng.integers(-1, people - 2, queries)
    best = rng.uniform(-1, 0.7, (queries, people))
    for row in range(queries):
        if own[row] >= 0:
            best[row, own[row]] = rng.uniform(0, 1)
    best[0, own[0]] = -np.inf  # only passed-over images of their own
    return scores_of(best, own.tolist())


@pytest.mark.parametrize("seed", range(5))
def test_equal_to_loops(seed: int) -> None:
    scores = random_scores(seed)
    measured = open_set(scores, draws=3, seed=seed)
    rng = np.random.default_rng(seed)
    findable = [row for row in range(60) if scores.own[row] >= 0 and np.isfinite(scores.best[row, scores.own[row]])]
    people = sorted({int(scores.own[row]) for row in findable})
    for draw in range(3):
        gone = set(rng.permutation(people)[: len(people) // 2].tolist())
        there = [column for column in range(12) if column not in gone]
        alarms, mated = [], []
        for row in range(60):
            own = int(scores.own[row])
            others = max(scores.best[row, column] for column in there if column != own)
            if own < 0 or own in gone:
                alarms.append(others)
            elif row in findable:
                mated.append((scores.best[row, own], others))
        assert measured.rank1[draw] == pytest.approx(sum(a > b for a, b in mated) / len(mated))
        for level, found in zip(LEVELS, measured.tpir[draw], strict=True):
            # The lowest threshold at which no more false alarms than allowed are raised.
            threshold = (
                min(
                    t
                    for t in [*alarms, np.inf]
                    if sum(a >= np.nextafter(t, 2) for a in alarms) <= level * len(alarms) + 1e-9
                )
                if level * len(alarms) + 1e-9 < len(alarms)
                else -np.inf
            )
            right = sum(a > b and a > threshold for a, b in mated)
            assert found == pytest.approx(right / len(mated))


def test_by_hand() -> None:
    """Four people, a query each: whoever is absent scores 0.5 with another, whoever is there 0.9 with themselves."""
    best = np.full((4, 4), 0.5)
    np.fill_diagonal(best, 0.9)
    measured = open_set(scores_of(best, [0, 1, 2, 3]), draws=2)
    assert (measured.enrolled, measured.absent) == (2, 2)
    assert measured.at(0.01) == (1.0, 0.0)
    weak = np.where(np.eye(4, dtype=bool), 0.45, 0.5)
    assert open_set(scores_of(weak, [0, 1, 2, 3]), draws=2).at(0.1) == (0.0, 0.0)


def test_an_alarm_as_high_as_a_right_answer_counts_against_it() -> None:
    best = np.full((4, 4), 0.5)
    np.fill_diagonal(best, 0.5000001)
    best[:, 3] = np.where(np.arange(4) == 3, 0.5000001, 0.6)
    measured = open_set(scores_of(best, [0, 1, 2, 3]), draws=4)
    assert measured.at(0.01)[0] <= measured.rank1.mean() < 1


def test_the_same_seed_is_the_same_draw() -> None:
    one, two, other = (open_set(random_scores(1), seed=seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one.tpir, two.tpir)
    assert not np.array_equal(one.tpir, other.tpir)
    assert one.as_dict()["draws"] == 20


def test_an_average_is_of_one_draw_or_more() -> None:
    with pytest.raises(MaskreidError, match=r"open set: draws: expected at least 1, got 0"):
        open_set(scores_of(np.ones((4, 3)), [1, 1, 2, 2]), draws=0)


def test_too_few_people() -> None:
    with pytest.raises(MaskreidError, match="two people or more who can be found, got 1"):
        open_set(scores_of(np.ones((2, 3)), [1, 1]))


def test_json_has_percentages_over_the_draws() -> None:
    tpir = np.zeros((2, len(LEVELS)))
    tpir[:, np.argmin(np.abs(LEVELS - 0.01))] = 0.2, 0.4
    tpir[:, np.argmin(np.abs(LEVELS - 0.1))] = 0.5, 0.9
    assert OpenSet(LEVELS, tpir, np.array([0.6, 0.7]), 12.0, 34.0).as_dict() == {
        "tpir_at_fpir_1": 30.0,
        "tpir_at_fpir_1_std": 10.0,
        "tpir_at_fpir_10": 70.0,
        "tpir_at_fpir_10_std": 20.0,
        "rank1_of_enrolled": 65.0,
        "draws": 2,
        "enrolled_searches": 12.0,
        "absent_searches": 34.0,
    }


def test_searches_for_the_enrolled_and_the_absent_are_counted_apart() -> None:
    best = np.full((7, 4), 0.1)
    measured = open_set(scores_of(best, [0, 1, 2, 3, -1, -1, -1]), draws=4)
    assert (measured.enrolled, measured.absent) == (2.0, 5.0)  # half of four people are not enrolled
