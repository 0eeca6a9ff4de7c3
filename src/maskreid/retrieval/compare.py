"""Two models on the same queries: is the difference more than the luck of the draw?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from maskreid.errors import MaskreidError, check_count
from maskreid.retrieval.bootstrap import LEVEL, RESAMPLES, Interval, percentile_intervals, resampled_means
from maskreid.retrieval.judge import Judgement
from maskreid.retrieval.metrics import Metrics
from maskreid.retrieval.named_protocols import NamedProtocol
from maskreid.retrieval.protocol import Protocol

FLIPS = 10_000  # so the smallest p is 0.0001
BLOCK = 64  # sign flips drawn at a time


@dataclass(frozen=True, slots=True)
class Difference:
    """One score of two models, fractions of 1.

    Attributes:
        a: the first model's.
        b: the second model's.
        interval: 95 % paired bootstrap interval of ``b - a``.
        p: how often a difference this large, either way, comes from swapping the models at random.
    """

    a: float
    b: float
    interval: Interval
    p: float

    @property
    def difference(self) -> float:
        """How much the second model is better."""
        return self.b - self.a


def compare(
    a: Metrics,
    b: Metrics,
    *,
    people: NDArray[np.int64] | None = None,
    resamples: int = RESAMPLES,
    flips: int = FLIPS,
    seed: int = 0,
) -> dict[str, Difference]:
    """Compare every score of two models, query by query.

    Pairing takes out what makes a query hard for both. The interval resamples queries; the p-value is that of a
    two-sided sign-flip permutation test: if the models were alike, each query's difference could as well have the
    other sign (Fisher, 1935; for rankings Smucker, Allan and Carterette, CIKM 2007).

    One person's queries are alike. Where few people have many, only people are independent: with ``people``, each is
    drawn, or swapped, with all of their queries.

    Args:
        a: the first model's evaluation.
        b: the second's, over the same queries and under the same protocol.
        people: (Q,) int64, whom each of all queries shows, by its row; None takes each query for itself.
        resamples: bootstrap draws.
        flips: random sign patterns; p is (1 + as large) / (1 + flips) and so never 0.
        seed: of both.

    Returns:
        By the names of `Metrics.per_query`.

    Raises:
        MaskreidError: the two are of other rows of queries, gallery sizes or protocols (scores do not say which
            images these were: `check_same_test` does), or ``people`` is too short.
    """
    _check_protocols(a.protocol, b.protocol)
    if a.gallery_size != b.gallery_size or not np.array_equal(a.queries, b.queries):
        raise MaskreidError(
            f"compare: the tests differ: {len(np.unique(a.queries))} evaluated queries in a gallery of "
            f"{a.gallery_size}, against {len(np.unique(b.queries))} in {b.gallery_size}; use the same data for both"
        )
    scores_a, scores_b = a.per_query(), b.per_query()
    rows = np.unique(a.queries)
    if people is not None and len(people) <= rows[-1]:
        raise MaskreidError(
            f"compare: expected whom each query shows, {rows[-1] + 1} or more people, got {len(people)}"
        )
    _, whose = np.unique(rows if people is None else people[rows], return_inverse=True)
    changes = [scores_b[name] - scores_a[name] for name in scores_a]
    sums: NDArray[np.float64] = np.stack([np.bincount(whose, change) for change in changes], axis=1)
    drawn = resampled_means(np.column_stack([sums, np.bincount(whose)]), resamples, seed)
    intervals = percentile_intervals(drawn[:, :-1] / drawn[:, -1:], LEVEL)
    p_values = sign_flip_p(sums, flips, seed)
    return {
        name: Difference(float(scores_a[name].mean()), float(scores_b[name].mean()), interval, float(p))
        for name, interval, p in zip(scores_a, intervals, p_values, strict=True)
    }


def check_same_test(a: Judgement, b: Judgement) -> None:
    """Refuse two tests that do not show the same people by the same cameras under the same protocol.

    Queries must also come in the same order, which is how they are paired; and so must galleries under a protocol
    that draws images by their place.

    Raises:
        MaskreidError: they do not.
    """
    _check_protocols(a.protocol, b.protocol)
    for what, one, other in (("query", a.query, b.query), ("gallery", a.gallery, b.gallery)):
        if len(one) != len(other):
            raise MaskreidError(
                f"compare: {len(one)} {what} images against {len(other)}; use the same data for both models"
            )
        if what == "query" and one.paths != other.paths and sorted(one.paths) == sorted(other.paths):
            raise MaskreidError("compare: the queries come in another order; make both tests of the same data")
        labels, others = (np.stack((each.identities, each.cameras)) for each in (one, other))
        if what == "gallery" and not a.protocol.repeats:  # only who is there matters, not in which order
            labels, others = (each[:, np.lexsort(each)] for each in (labels, others))
        odd = np.flatnonzero((labels != others).any(axis=0))
        if odd.size:
            raise MaskreidError(
                f"compare: {odd.size} of {len(one)} {what} images differ in identity or camera; "
                "use the same data, in the same order and numbering"
            )


def _check_protocols(a: Protocol | NamedProtocol, b: Protocol | NamedProtocol) -> None:
    if a != b:
        raise MaskreidError(f"compare: protocols differ, {a.name} and {b.name}; use one for both models")


def sign_flip_p(differences: NDArray[np.float64], flips: int, seed: int) -> NDArray[np.float64]:
    """Two-sided p-value of the mean of each column of ``differences`` (n, k): (k,).

    Raises:
        MaskreidError: ``flips`` is less than 1.
    """
    check_count("compare: flips", flips)
    rng = np.random.default_rng(seed)
    observed = np.abs(differences.sum(axis=0)) - 1e-9  # sums in another order round to another last digit
    as_large = np.zeros(differences.shape[1], dtype=np.int64)
    for start in range(0, flips, BLOCK):
        shape = (min(BLOCK, flips - start), len(differences))
        signs = 2.0 * rng.integers(0, 2, size=shape, dtype=np.int8) - 1
        as_large += (np.abs(signs @ differences) >= observed).sum(axis=0)
    return np.asarray((1 + as_large) / (1 + flips))
