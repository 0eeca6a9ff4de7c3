from __future__ import annotations

import math
import sys

import numpy as np
import pytest
from made_up_scores import made_up_scores

from maskreid.errors import MaskreidError
from maskreid.retrieval import Calibration, Similarities, calibrate, reliability_of
from maskreid.retrieval.calibrate import fit
from maskreid.retrieval.calibration import logistic
from maskreid.retrieval.drawn_answers import Answers

PAIRS = Similarities(np.linspace(-1, 1, 201), np.zeros(200, np.int64), np.zeros(200, np.int64))


def test_claims_come_true_for_people_never_seen() -> None:
    calibration, tested = calibrate(made_up_scores(0), PAIRS, "made up")
    assert calibration.ece == tested.ece < 0.03
    assert calibration.slope > 0 > calibration.size_slope
    assert calibration.people == 40
    assert calibration.entries == 4 * (20 + 300)
    assert reliability_of(calibration, made_up_scores(1)).ece < 0.08
    flat = Calibration(1e-9, 0, 0, {}, 0, 0, 0, "says one half of everything")
    assert reliability_of(flat, made_up_scores(1)).ece > 0.15


def test_the_more_entries_the_less_certain() -> None:
    calibration, _ = calibrate(made_up_scores(0), PAIRS, "made up")
    few, many = calibration.probability(0.7, [100, 10_000])
    assert few > many
    low, high = calibration.probability([0.3, 0.9], 1000)
    assert 0 <= low < high <= 1


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


def test_a_model_that_finds_nobody_is_refused() -> None:
    found = made_up_scores(0)
    sure = np.arange(len(found.own)) % 2 == 0  # and wrong; who is not finds their own
    found.best[:] = np.where(sure[:, None], 0.9, 0.0)
    found.best[np.arange(len(found.own)), found.own] = 0.1
    with pytest.raises(MaskreidError, match=r"40 people, .* not more often right \(slope -"):
        calibrate(found, PAIRS, "made up")


def test_nobody_is_tested_on_what_was_fitted_to_them(monkeypatch: pytest.MonkeyPatch) -> None:
    fitted: list[Answers] = []

    def remembering(answers: Answers) -> tuple[float, float, float]:
        fitted.append(answers)
        return fit(answers)

    monkeypatch.setattr(sys.modules[calibrate.__module__], "fit", remembering)
    calibrate(made_up_scores(0), PAIRS, "made up")
    *folds, everybody = fitted
    whole = {person: (everybody.asked == person).sum() for person in set(everybody.asked.tolist())}
    left_out = [whole.keys() - set(each.asked.tolist()) for each in folds]
    assert sorted(person for each in left_out for person in each) == sorted(whole), "each is left out once"
    for each in folds:
        assert all((each.asked == person).sum() == whole[person] for person in set(each.asked.tolist()))
