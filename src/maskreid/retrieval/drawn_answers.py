"""Best answers of searches in drawn galleries of many sizes: what a calibration is fitted to."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from maskreid.errors import MaskreidError
from maskreid.retrieval.calibration import FloatArray
from maskreid.retrieval.features import IntArray
from maskreid.retrieval.identity_scores import IdentityScores

DRAWS = 60  # galleries
SMALLEST = 0.02  # share of the people in the smallest


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

    def take(self, rows: NDArray[np.bool_]) -> Answers:
        """Return the answers where ``rows``, (A,) bool, is true."""
        return Answers(*(getattr(self, each.name)[rows] for each in fields(self)))


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
        best = scores.best[np.ix_(rows, there)]  # of two people or more, so one is not passed over
        answer = best.argmax(axis=1)
        similarity = best[np.arange(len(rows)), answer].astype(np.float64)
        known = np.isin(scores.own[rows], enrolled)
        weight = np.where(known, 0.5 / known.sum(), 0.5 / (~known).sum())
        parts.append(
            (
                similarity,
                np.full(len(rows), float(scores.sizes[there].sum())),
                there[answer] == scores.own[rows],
                scores.asked[rows],
                weight,
            )
        )
    return Answers(*(np.concatenate(column) for column in zip(*parts, strict=True)))
