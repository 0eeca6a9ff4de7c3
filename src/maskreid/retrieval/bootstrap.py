"""How far a score would move with another draw of queries: percentile bootstrap intervals."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from maskreid.errors import MaskreidError, check_count
from maskreid.retrieval.metrics import Metrics

LEVEL = 0.95
RESAMPLES = 2000  # the ends of an interval then move by a twentieth of its half-width between seeds
BLOCK = 32  # resamples drawn at a time


class Interval(NamedTuple):
    """Lower and upper end, as fractions of 1."""

    low: float
    high: float


def bootstrap(
    metrics: Metrics, *, level: float = LEVEL, resamples: int = RESAMPLES, seed: int = 0
) -> dict[str, Interval]:
    """Interval of every score over the draw of queries (Efron and Tibshirani, 1993, chapter 13).

    Queries are drawn with replacement, as many as there are, and the scores' means taken again; an interval holds
    the middle ``level`` of those means. It says nothing of another training seed, and queries of one person are
    alike, so the truth is rather wider than narrower.

    Args:
        metrics: of one evaluation; its skipped queries stay out.
        level: share of the resampled means inside an interval.
        resamples: how many times the queries are drawn.
        seed: of the draws; every score sees the same ones.

    Returns:
        By the names of `Metrics.per_query`.

    Raises:
        MaskreidError: ``level`` or ``resamples`` is out of range.
    """
    scores = metrics.per_query()
    means = resampled_means(np.stack(list(scores.values()), axis=1), resamples, seed)
    return dict(zip(scores, percentile_intervals(means, level), strict=True))


def resampled_means(scores: NDArray[np.float64], resamples: int, seed: int) -> NDArray[np.float64]:
    """Means of ``scores`` (n, k) over rows drawn with replacement: (resamples, k). Memory grows with n alone.

    Raises:
        MaskreidError: ``resamples`` is less than 1.
    """
    check_count("bootstrap: resamples", resamples)
    rng = np.random.default_rng(seed)
    n = len(scores)
    means = []
    for start in range(0, resamples, BLOCK):
        count = min(BLOCK, resamples - start)
        drawn = rng.integers(n, size=(count, n)) + n * np.arange(count)[:, None]
        times = np.bincount(drawn.ravel(), minlength=count * n).reshape(count, n)
        means.append(times @ scores / n)
    return np.concatenate(means)


def percentile_intervals(means: NDArray[np.float64], level: float) -> list[Interval]:
    """The middle ``level`` of each column of ``means`` (resamples, k).

    Raises:
        MaskreidError: ``level`` is not between 0 and 1.
    """
    if not 0 < level < 1:
        raise MaskreidError(f"bootstrap: expected a level between 0 and 1, got {level}")
    ends = np.quantile(means, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return [Interval(float(low), float(high)) for low, high in ends.T]
