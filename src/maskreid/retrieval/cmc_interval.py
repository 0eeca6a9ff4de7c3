"""The matching curve's own uncertainty: a bootstrap interval at every rank."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from maskreid.errors import check_count
from maskreid.retrieval.bootstrap import LEVEL, RESAMPLES, percentile_intervals, resampled_means
from maskreid.retrieval.metrics import Metrics


def cmc_interval(metrics: Metrics, ranks: int = 50) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the lower and the upper end of a 95 % interval at the ranks 1 to K, fractions of 1: each (K,) float64.

    The draws are those of `bootstrap`, so both agree at the ranks that both have. Each rank's interval holds on its
    own; the whole curve leaves the band more often.

    Args:
        metrics: of one evaluation.
        ranks: K, at most; the gallery may be smaller.

    Raises:
        MaskreidError: ``ranks`` is less than 1.
    """
    check_count("cmc_interval: ranks", ranks)
    found = [metrics.by_query(metrics.first_match <= k) for k in range(1, min(ranks, metrics.gallery_size) + 1)]
    ends = percentile_intervals(resampled_means(np.stack(found, axis=1), RESAMPLES, seed=0), LEVEL)
    low, high = np.array(ends).T
    return low, high
