"""The curve's band agrees with the intervals of the scores."""

from __future__ import annotations

import numpy as np
import pytest

from maskreid.errors import MaskreidError
from maskreid.retrieval import MARKET1501, Metrics, bootstrap, cmc_interval


def metrics(first: list[int], queries: list[int] | None = None) -> Metrics:
    rows = np.arange(len(first)) if queries is None else np.array(queries)
    ones = np.ones(len(first))
    return Metrics(MARKET1501, 40, rows, np.array(first), ones, ones, ones, {})


@pytest.mark.parametrize("queries", [None, [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]])
def test_it_is_the_bootstrap_of_every_rank(queries: list[int] | None) -> None:
    some = metrics([1, 3, 1, 7, 2, 30, 1, 12, 5, 1], queries)
    low, high = cmc_interval(some, 20)
    intervals = bootstrap(some)
    for k in (1, 5, 10, 20):
        assert (low[k - 1], high[k - 1]) == intervals[f"rank{k}"]
    assert (np.diff(low) >= 0).all()
    assert (np.diff(high) >= 0).all()


def test_it_begins_with_rank_1() -> None:
    with pytest.raises(MaskreidError, match=r"ranks: expected at least 1, got 0"):
        cmc_interval(metrics([1, 2]), 0)


def test_it_ends_with_the_gallery() -> None:
    assert len(cmc_interval(metrics([1, 2]), 100)[0]) == 40
