from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from maskreid.errors import MaskreidError
from maskreid.retrieval import Calibration, IdentityScores, Similarities, calibrate, reliability_of
from maskreid.retrieval.calibration import Answers, draw_answers, fit, logistic, reliability, thresholds

PAIRS = Similarities(np.linspace(-1, 1, 201), np.zeros(200, np.int64), np.zeros(200, np.int64))


def world(seed: int, askers: int = 40, others: int = 300, queries: int = 6) -> IdentityScores:
    """People who look like themselves at 0.75 and like anybody else at 0, give or take."""
    rng = np.random.default_rng(seed)
    people = askers + others
    own = np.repeat(np.arange(askers), queries)
    best = rng.normal(0, 0.25, (len(own), people))
    best[np.arange(len(own)), own] = rng.normal(0.75, 0.15, len(own))
    names = np.arange(1, people + 1)
    return IdentityScores(best.clip(-1, 1).astype(np.float32), names, np.full(people, 4), names[own], own)


def test_claims_come_true_for_people_never_seen() -> None:
    calibration, tested = calibrate(world(0), PAIRS, "made up")
    assert calibration.ece == tested.ece < 0.03
    assert calibration.slope > 0 > calibration.size_slope
    assert calibration.people == 40
    assert calibration.entries == 4 * (20 + 300)
    assert reliability_of(calibration, world(1)).ece < 0.08
    flat = Calibration(1e-9, 0, 0, {}, 0, 0, 0, "says one half of everything")
    assert reliability_of(flat, world(1)).ece > 0.15


def test_the_more_entries_the_less_certain() -> None:
    calibration, _ = calibrate(world(0), PAIRS, "made up")
    few, many = calibration.probability(0.7, [100, 10_000])
    assert few > many
    low, high = calibration.probability([0.3, 0.9], 1000)
    assert 0 <= low < high <= 1


def test_everybody_asks_where_all_are_strangers() -> None:
    answers = draw_answers(world(0, askers=30, others=0), draws=20)
    assert answers.entries.min() == 4 * 2
    assert answers.entries.max() == 4 * 15
    assert 0 < answers.right.mean() < 1


def test_enrolled_people_and_absent_ones_weigh_the_same() -> None:
    scores = world(0, askers=9)
    answers = draw_answers(scores, draws=1)
    assert answers.weight.sum() == pytest.approx(1)
    (size,) = set(answers.entries.tolist())
    assert size == 4 * (4 + 300)


@pytest.mark.parametrize(("askers", "others"), [(9, 30), (30, 2)])
def test_who_cannot_be_found_is_not_asked_for_while_enrolled(askers: int, others: int) -> None:
    """Every answer, drawn again with loops; half of the queries have only passed-over images of their person."""
    whole = world(0, askers=askers, others=others, queries=4)
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


@pytest.mark.parametrize("seed", range(3))
def test_the_fit_is_the_most_likely(seed: int) -> None:
    """No step away from the fitted coefficients is more likely."""
    rng = np.random.default_rng(seed)
    similarity, entries = rng.uniform(0, 1, 400), rng.choice([50.0, 500.0, 5000.0], 400)
    right = rng.random(400) < logistic(12 * similarity - 0.8 * np.log(entries) - 2)
    answers = Answers(similarity, entries, right, np.arange(400), rng.uniform(0.5, 2, 400))

    def likelihood(slope: float, size: float, offset: float) -> float:
        total = 0.0
        for s, n, r, w in zip(similarity, entries, right, answers.weight, strict=True):
            p = 1 / (1 + math.exp(-(slope * s + size * math.log(n) + offset)))
            total += w * math.log(p if r else 1 - p)
        return total

    best = fit(answers)
    for step in np.concatenate((np.eye(3), -np.eye(3))) * 0.05:
        assert likelihood(*best) > likelihood(*(np.array(best) + step))


def test_one_gallery_size_or_no_overlap_is_no_trouble() -> None:
    similarity = np.array([0.1, 0.2, 0.8, 0.9])
    answers = Answers(similarity, np.full(4, 10.0), similarity > 0.5, np.arange(4), np.ones(4))
    slope, size_slope, offset = fit(answers)
    assert all(map(math.isfinite, (slope, size_slope, offset)))
    assert size_slope == 0
    assert (logistic(slope * similarity + offset) > 0.5).tolist() == answers.right.tolist()


@pytest.mark.parametrize(("right", "word"), [(True, "right"), (False, "wrong")])
def test_one_kind_of_answer_teaches_nothing(right: bool, word: str) -> None:
    answers = Answers(np.ones(3), np.ones(3), np.full(3, right), np.arange(3), np.ones(3))
    with pytest.raises(MaskreidError, match=f"all 3 answers are {word}"):
        fit(answers)


def test_too_few_people() -> None:
    with pytest.raises(MaskreidError, match="four people or more who can be found, got 3"):
        draw_answers(world(0, askers=3))


def test_a_model_that_finds_nobody_is_refused() -> None:
    found = world(0)
    sure = np.arange(len(found.own)) % 2 == 0  # and wrong; who is not finds their own
    found.best[:] = np.where(sure[:, None], 0.9, 0.0)
    found.best[np.arange(len(found.own)), found.own] = 0.1
    with pytest.raises(MaskreidError, match=r"40 people, .* not more often right \(slope -"):
        calibrate(found, PAIRS, "made up")


def test_reliability_by_hand() -> None:
    claimed = np.array([0.05, 0.05, 0.72, 0.78, 1.0])
    right = np.array([False, True, True, False, True])
    found = reliability(claimed, right)
    assert np.flatnonzero(found.weight).tolist() == [0, 7, 9]
    np.testing.assert_allclose(found.claimed[[0, 7, 9]], [0.05, 0.75, 1.0])
    np.testing.assert_allclose(found.true[[0, 7, 9]], [0.5, 0.5, 1.0])
    np.testing.assert_allclose(found.weight[[0, 7, 9]], [0.4, 0.4, 0.2])
    assert found.ece == pytest.approx(0.4 * 0.45 + 0.4 * 0.25)
    weighted = reliability(claimed, right, np.array([1.0, 0, 0, 0, 1]))
    assert weighted.ece == pytest.approx(0.5 * 0.05)


def test_logistic_at_both_ends() -> None:
    with np.errstate(over="raise"):
        np.testing.assert_allclose(logistic(np.array([-1000.0, 0, 1000])), [0, 0.5, 1])


def test_thresholds_hold_their_rate() -> None:
    different = np.zeros(200, np.int64)
    different[100:110] = 1000  # similarities from 0 to 0.1
    different[150] = 90  # and a few at 0.5
    found = thresholds(Similarities(PAIRS.edges, PAIRS.same, different))
    assert set(found) == {"0.1", "0.01"}  # 0.001 of 10,090 pairs is fewer than 30
    assert found["0.1"] == pytest.approx(0.10)
    assert found["0.01"] == pytest.approx(0.10)
    assert thresholds(PAIRS) == {}
    different[:] = 0
    different[[100, 199]] = 9000, 1000  # more than one in a hundred lie beyond the last edge
    assert thresholds(Similarities(PAIRS.edges, PAIRS.same, different)) == {"0.1": pytest.approx(0.01)}


def test_the_card_keeps_it() -> None:
    calibration, _ = calibrate(world(0), PAIRS, "made up")
    assert Calibration.of({"calibration": calibration.as_card()}) == calibration
    assert Calibration.of({}) is None
    with pytest.raises(MaskreidError, match=r"expected slope, size_slope, .*calibrate again"):
        Calibration.of({"calibration": {"temperature": 1}})
