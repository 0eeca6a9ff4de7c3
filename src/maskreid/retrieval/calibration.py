"""From a similarity to a probability: is the best answer of a search the right person?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from maskreid.errors import MaskreidError
from maskreid.retrieval.features import IntArray
from maskreid.retrieval.identity_scores import IdentityScores
from maskreid.retrieval.similarities import Similarities

DRAWS = 60  # searches of drawn galleries that a calibration is fitted to
SMALLEST = 0.02  # share of the people in the smallest gallery
FOLDS = 5
BINS = 10
FALSE_MATCH_RATES = (0.1, 0.01, 0.001, 0.0001)
FEWEST = 30  # false matches below which a rate is not known (Doddington's rule of 30)
STEPS = 50
RIDGE = 1e-6  # keeps coefficients finite where right and wrong answers do not overlap

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Calibration:
    """A logistic map from the best answer's similarity and the gallery's size to P(same person).

    log-odds = slope x similarity + size_slope x ln(entries) + offset, for a person who is enrolled as likely as not.

    Attributes:
        slope: more than 0.
        size_slope: less than 0: the more entries, the more like the query the best wrong one is.
        offset: of the log-odds.
        thresholds: similarity that a share of the pairs of different people reaches, by that share as text.
        people: how many were asked for.
        entries: of the largest gallery.
        ece: expected calibration error, on people that were not fitted to.
        data: what it was fitted to.
    """

    slope: float
    size_slope: float
    offset: float
    thresholds: Mapping[str, float]
    people: int
    entries: int
    ece: float
    data: str

    def probability(self, similarity: ArrayLike, entries: ArrayLike) -> FloatArray:
        """Return P(same person), float64, of best answers found among so many entries."""
        odds = self.slope * np.asarray(similarity, np.float64) + self.offset
        return logistic(odds + self.size_slope * np.log(np.maximum(np.asarray(entries, np.float64), 1)))

    def threshold(self, false_match_rate: float) -> float:
        """Return the similarity that this share of the pairs of different people reaches.

        Raises:
            MaskreidError: it was not measured.
        """
        found = self.thresholds.get(f"{false_match_rate:g}")
        if found is None:
            raise MaskreidError(
                f"the model's calibration has no threshold for {false_match_rate:g} false matches; expected "
                f"{' or '.join(self.thresholds) or 'none, as it saw too few people'}"
            )
        return found

    @classmethod
    def of(cls, card: Mapping[str, Any]) -> Calibration | None:
        """Return the calibration in a model card, if it has one.

        Raises:
            MaskreidError: it has other keys.
        """
        found = card.get("calibration")
        try:
            return cls(**found) if found else None
        except TypeError:
            expected = ", ".join(each.name for each in fields(cls))
            raise MaskreidError(
                f"calibration: expected {expected}; it was written by another version of maskreid: calibrate again"
            ) from None

    def as_card(self) -> dict[str, Any]:
        """Return what a model card keeps."""
        return asdict(self)


@dataclass(frozen=True, eq=False)
class Answers:
    """Best answers of A searches.

    Attributes:
        similarity: (A,) float64.
        entries: (A,) float64, in the gallery that was searched.
        right: (A,) bool.
        asked: (A,) int64, identity that was asked for.
        weight: (A,) float64, such that enrolled people and people who are not weigh the same.
    """

    similarity: FloatArray
    entries: FloatArray
    right: NDArray[np.bool_]
    asked: IntArray
    weight: FloatArray


@dataclass(frozen=True, eq=False)
class Reliability:
    """What was claimed and what came true, in `BINS` bins of equal width.

    Attributes:
        claimed: (BINS,) float64 mean probability; NaN in an empty bin.
        true: (BINS,) float64 share of right answers.
        weight: (BINS,) float64 share of all answers.
    """

    claimed: FloatArray
    true: FloatArray
    weight: FloatArray

    @property
    def ece(self) -> float:
        """Expected calibration error: the mean of abs(claimed - true) over all answers (Guo et al., ICML 2017)."""
        return float(np.nansum(self.weight * np.abs(self.claimed - self.true)))


def logistic(odds: FloatArray) -> FloatArray:
    """Return 1 / (1 + exp(-odds)), without overflow."""
    return np.exp(-np.logaddexp(0, -odds))


def draw_answers(scores: IdentityScores, *, draws: int = DRAWS, smallest: float = SMALLEST, seed: int = 0) -> Answers:
    """Search drawn galleries of many sizes, with half of those who are asked for enrolled.

    Where the gallery has at least as many people who are never asked for, such as those a model learned from, they
    are what makes it small or large, and everybody asks. Else some ask, and of them half are enrolled. As in
    `open_set`, searches for an enrolled person of whom only passed-over images are left do not count.

    Args:
        scores: from `identity_scores`.
        draws: galleries.
        smallest: share of the people in the smallest gallery; the largest has all.
        seed: of the draws.

    Raises:
        MaskreidError: fewer than four people ask who could be found.
    """
    findable = scores.findable
    people = np.unique(scores.own[findable])
    others = np.setdiff1d(np.arange(len(scores.people)), people)
    if len(people) < 4:
        raise MaskreidError(f"calibration: expected four people or more who can be found, got {len(people)}")
    rng = np.random.default_rng(seed)
    parts = []
    for share in np.geomspace(1, smallest, draws):
        asking = rng.permutation(people)
        if len(others) < len(people):
            asking = asking[: max(4, round(share * len(people)))]
        enrolled = asking[: len(asking) // 2]
        there = np.concatenate((enrolled, rng.permutation(others)[: round(share * len(others))]))
        rows = np.flatnonzero(np.isin(scores.own, asking) & (findable | ~np.isin(scores.own, enrolled)))
        best = scores.best[np.ix_(rows, there)]
        answer = best.argmax(axis=1)
        similarity = best[np.arange(len(rows)), answer].astype(np.float64)
        kept = np.isfinite(similarity)  # nobody is there but the person's own passed-over images
        known = np.isin(scores.own[rows], enrolled)
        weight = np.where(known, 0.5 / max(1, (known & kept).sum()), 0.5 / max(1, (~known & kept).sum()))
        parts.append(
            (
                similarity[kept],
                np.full(kept.sum(), float(scores.sizes[there].sum())),
                (there[answer] == scores.own[rows])[kept],
                scores.asked[rows][kept],
                weight[kept],
            )
        )
    return Answers(*(np.concatenate(column) for column in zip(*parts, strict=True)))


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


def reliability(claimed: FloatArray, right: NDArray[np.bool_], weight: FloatArray | None = None) -> Reliability:
    """Sort answers into bins by the probability that was claimed.

    Args:
        claimed: (A,) probabilities.
        right: (A,) bool.
        weight: (A,) of each answer; all the same by default.
    """
    weight = np.ones(len(claimed)) if weight is None else weight
    bins = (claimed * BINS).astype(int).clip(0, BINS - 1)
    total = np.bincount(bins, weight, minlength=BINS)
    with np.errstate(invalid="ignore"):
        return Reliability(
            np.bincount(bins, weight * claimed, minlength=BINS) / total,
            np.bincount(bins, weight * right, minlength=BINS) / total,
            total / weight.sum(),
        )


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
    answers = draw_answers(scores, draws=DRAWS)
    people = np.unique(answers.asked)
    fold_of = dict(zip(np.random.default_rng((0, 1)).permutation(people).tolist(), _folds(len(people)), strict=True))
    folds = np.array([fold_of[identity] for identity in answers.asked.tolist()])
    claimed = np.empty(len(answers.right))
    for fold in np.unique(folds):
        slope, size_slope, offset = fit(_some(answers, folds != fold))
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


def thresholds(pairs: Similarities) -> dict[str, float]:
    """Return the similarity that each of `FALSE_MATCH_RATES` of the pairs of different people reaches.

    Rates of fewer than `FEWEST` pairs are left out, and those that only pairs beyond the last edge would keep. A
    threshold is the edge of a bin, and the rate never higher.
    """
    total = int(pairs.different.sum())
    reached = np.cumsum(pairs.different[::-1])[::-1] / max(total, 1)  # at each bin's lower edge
    return {
        f"{rate:g}": round(float(pairs.edges[int(np.argmax(reached <= rate))]), 4)
        for rate in FALSE_MATCH_RATES
        if rate * total >= FEWEST and reached[-1] <= rate
    }


def _folds(count: int) -> list[int]:
    return [number % FOLDS for number in range(count)]


def _some(answers: Answers, rows: NDArray[np.bool_]) -> Answers:
    return Answers(
        answers.similarity[rows],
        answers.entries[rows],
        answers.right[rows],
        answers.asked[rows],
        answers.weight[rows],
    )
