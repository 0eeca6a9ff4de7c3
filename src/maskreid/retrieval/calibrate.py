"""A calibration fitted to people whom a model did not learn from, and tested on others."""

from __future__ import annotations

import numpy as np

from maskreid.errors import MaskreidError
from maskreid.retrieval.calibration import Calibration, logistic
from maskreid.retrieval.drawn_answers import Answers, draw_answers
from maskreid.retrieval.identity_scores import IdentityScores
from maskreid.retrieval.reliability import Reliability, reliability
from maskreid.retrieval.similarities import Similarities
from maskreid.retrieval.thresholds import thresholds

FOLDS = 5
STEPS = 50
RIDGE = 1e-6  # keeps coefficients finite where right and wrong answers do not overlap


def fit(answers: Answers) -> tuple[float, float, float]:
    """Return (slope, size_slope, offset) of the most likely logistic map, by Newton's method.

    Raises:
        MaskreidError: all answers are right, or all are wrong.
    """
    if answers.right.all() or not answers.right.any():
        every = "right" if answers.right.all() else "wrong"
        raise MaskreidError(f"calibration: all {len(answers.right):,} answers are {every}; it takes both kinds")
    inputs = np.stack((answers.similarity, np.log(answers.entries), np.ones(len(answers.right))), axis=1)
    if np.ptp(inputs[:, 1]) == 0:
        inputs[:, 1] = 0  # one size only: its effect is in the offset
    weight = answers.weight / answers.weight.sum()
    coefficients = np.zeros(3)
    for _ in range(STEPS):
        claimed = logistic(inputs @ coefficients)
        gradient = inputs.T @ (weight * (answers.right - claimed)) - RIDGE * coefficients
        curvature = (inputs.T * (weight * claimed * (1 - claimed))) @ inputs + RIDGE * np.eye(3)
        step = np.linalg.solve(curvature, gradient)
        coefficients = coefficients + step * min(1.0, 5 / max(np.abs(step).max(), 1e-12))
        if np.abs(step).max() < 1e-9:
            break
    slope, size_slope, offset = map(float, coefficients)
    return slope, size_slope, offset


def calibrate(scores: IdentityScores, pairs: Similarities, data: str) -> tuple[Calibration, Reliability]:
    """Fit a calibration, and test its method on people left out of the fit.

    People are parted into `FOLDS`; each fold's answers are claimed by a map fitted to the other folds. Those claims
    make the reliability and the expected calibration error; the calibration returned is fitted to everybody.

    Args:
        scores: people whom the model did not learn from, from `identity_scores`.
        pairs: their similarities, from `similarities`.
        data: a name for the card.

    Raises:
        MaskreidError: there are too few people, or all answers are right or wrong.
    """
    answers = draw_answers(scores)
    people = np.unique(answers.asked)
    fold_of = dict(zip(np.random.default_rng((0, 1)).permutation(people).tolist(), _folds(len(people)), strict=True))
    folds = np.array([fold_of[identity] for identity in answers.asked.tolist()])
    claimed = np.empty(len(answers.right))
    for fold in np.unique(folds):
        slope, size_slope, offset = fit(answers.take(folds != fold))
        mine = folds == fold
        claimed[mine] = logistic(
            slope * answers.similarity[mine] + size_slope * np.log(answers.entries[mine]) + offset
        )
    tested = reliability(claimed, answers.right, answers.weight)
    slope, size_slope, offset = fit(answers)
    if slope <= 0:
        raise MaskreidError(
            f"calibrate: of {len(people)} people, answers that are more alike are not more often right (slope "
            f"{slope:.2g}); a model that finds nobody cannot be calibrated"
        )
    calibration = Calibration(
        slope=slope,
        size_slope=size_slope,
        offset=offset,
        thresholds=thresholds(pairs),
        people=len(people),
        entries=int(answers.entries.max()),
        ece=tested.ece,
        data=data,
    )
    return calibration, tested


def reliability_of(calibration: Calibration, scores: IdentityScores) -> Reliability:
    """Compare what a calibration claims with what is true: in the whole gallery, half of the people not enrolled."""
    answers = draw_answers(scores, draws=20, smallest=1.0)
    claimed = calibration.probability(answers.similarity, answers.entries)
    return reliability(claimed, answers.right, answers.weight)


def _folds(count: int) -> list[int]:
    return [number % FOLDS for number in range(count)]
