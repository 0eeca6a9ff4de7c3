"""Open-set identification: half of those who are searched for are not enrolled, and must not be found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskreid.errors import MaskreidError, check_count
from maskreid.retrieval.features import IntArray
from maskreid.retrieval.identity_scores import IdentityScores

DRAWS = 20
STATED = (0.01, 0.1)  # FPIR at which the TPIR is reported
LEVELS = np.geomspace(1e-3, 1, 61)  # FPIR of the curves; 0.01 and 0.1 are among them


@dataclass(frozen=True, eq=False)
class OpenSet:
    """How many of the enrolled are found, at how many false alarms about those who are not.

    Attributes:
        fpir: (L,) float64, false positive identification rate: the share of searches for people who are not enrolled
            that answer with anybody at or above the threshold.
        tpir: (D, L) float64, true positive identification rate at that threshold in each draw: the share of searches
            for enrolled people whose best answer is the right person, at or above it.
        rank1: (D,) float64, the same without a threshold.
        enrolled: searches for enrolled people in a draw, on average.
        absent: searches for people who were not enrolled, likewise.
    """

    fpir: NDArray[np.float64]
    tpir: NDArray[np.float64]
    rank1: NDArray[np.float64]
    enrolled: float
    absent: float

    def at(self, fpir: float) -> tuple[float, float]:
        """Return the TPIR at one of `LEVELS`: mean and standard deviation over the draws."""
        column = self.tpir[:, int(np.argmin(np.abs(np.log(self.fpir) - np.log(fpir))))]
        return float(column.mean()), float(column.std())

    def as_dict(self) -> dict[str, Any]:
        """What metrics.json holds: percentages with two decimals."""
        stated = {}
        for level in STATED:
            mean, deviation = self.at(level)
            stated[f"tpir_at_fpir_{100 * level:g}"] = round(100 * mean, 2)
            stated[f"tpir_at_fpir_{100 * level:g}_std"] = round(100 * deviation, 2)
        return {
            **stated,
            "rank1_of_enrolled": round(100 * float(self.rank1.mean()), 2),
            "draws": len(self.tpir),
            "enrolled_searches": round(self.enrolled, 1),
            "absent_searches": round(self.absent, 1),
        }


def open_set(scores: IdentityScores, *, draws: int = DRAWS, seed: int = 0) -> OpenSet:
    """Draw which half of the people is not enrolled, and count right answers and false alarms.

    Terms as in ISO/IEC 19795-1; TPIR is at rank 1. A threshold lies just above the first false alarm that is one too
    many, so a stated FPIR is never exceeded. Distractors are always enrolled; searches for an enrolled person of
    whom only passed-over images are left do not count.

    Args:
        scores: from `identity_scores`.
        draws: of who is enrolled.
        seed: of the draws.

    Raises:
        MaskreidError: fewer than two people are asked for who could be enrolled, or there is no draw.
    """
    check_count("open set: draws", draws)
    findable = scores.findable
    people = np.unique(scores.own[findable])
    if len(people) < 2:
        raise MaskreidError(f"open set: expected two people or more who can be found, got {len(people)}")
    rng = np.random.default_rng(seed)
    tpir, rank1, counts = [], [], []
    for _ in range(draws):
        absent = np.isin(scores.own, rng.permutation(people)[: len(people) // 2]) | (scores.own < 0)
        found = findable & ~absent
        right, others = _best(scores, np.unique(scores.own[absent & (scores.own >= 0)]))
        alarms = np.sort(others[absent])[::-1]
        allowed = np.floor(LEVELS * len(alarms) + 1e-9).astype(int)
        first_too_many = np.append(alarms, -np.inf)[allowed]
        correct = np.sort(right[found & (right > others)])
        tpir.append((len(correct) - np.searchsorted(correct, first_too_many, side="right")) / found.sum())
        rank1.append(len(correct) / found.sum())
        counts.append((found.sum(), absent.sum()))
    enrolled, missing = np.mean(counts, axis=0)
    return OpenSet(LEVELS, np.array(tpir), np.array(rank1), float(enrolled), float(missing))


def _best(scores: IdentityScores, absent: IntArray) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Each query's similarity with its own person, and with the most similar other person who is enrolled."""
    best = scores.best.copy()
    best[:, absent] = -np.inf
    rows = np.flatnonzero(scores.own >= 0)
    right = np.full(len(best), -np.inf, np.float32)
    right[rows] = best[rows, scores.own[rows]]
    best[rows, scores.own[rows]] = -np.inf
    return right, best.max(axis=1)
