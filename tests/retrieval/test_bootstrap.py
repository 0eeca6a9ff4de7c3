from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom

from maskreid.errors import MaskreidError
from maskreid.retrieval import MARKET1501, Interval, Metrics, bootstrap, evaluate
from maskreid.retrieval.bootstrap import BLOCK, percentile_intervals, resampled_means


def ranked(first_match: list[int], gallery: int = 50) -> Metrics:
    """Each query has one right answer."""
    first = np.array(first_match)
    return Metrics(
        protocol=MARKET1501,
        gallery_size=gallery,
        queries=np.arange(len(first)),
        first_match=first,
        ap=1 / first,
        ap_trapezoid=np.where(first == 1, 1, 0.5 / first),
        inp=1 / first,
        skipped={},
    )


@pytest.mark.parametrize("resamples", [1, BLOCK, 2 * BLOCK + 3])
def test_means_equal_loops_over_the_drawn_rows(resamples: int) -> None:
    scores = np.random.default_rng(0).random((7, 3))
    means = resampled_means(scores, resamples, seed=4)
    rng = np.random.default_rng(4)
    row = 0
    while row < resamples:
        for drawn in rng.integers(7, size=(min(BLOCK, resamples - row), 7)):
            for column in range(3):
                assert means[row, column] == pytest.approx(sum(scores[i, column] for i in drawn) / 7, abs=1e-12)
            row += 1
    assert means.shape == (resamples, 3)


def test_rank_1_has_the_quantiles_of_the_binomial_law() -> None:
    """Drawing n queries again, of which a share p succeed, is drawing from Binomial(n, p)."""
    interval = bootstrap(ranked([1] * 280 + [9] * 120), resamples=8000)["rank1"]
    expected = binom.ppf([0.025, 0.975], 400, 0.7) / 400
    assert interval == pytest.approx(expected, abs=2.5 / 400)


def test_the_interval_holds_the_score_and_is_wider_at_a_higher_level(world) -> None:
    metrics = evaluate(*world(0, queries=40))
    scores = {name: values.mean() for name, values in metrics.per_query().items()}
    narrow, wide = bootstrap(metrics, level=0.5), bootstrap(metrics, level=0.99)
    assert list(narrow) == ["rank1", "rank5", "rank10", "rank20", "map", "map_trapezoid", "minp"]
    for name, score in scores.items():
        assert wide[name].low <= narrow[name].low <= score <= narrow[name].high <= wide[name].high
    assert wide["map"].low < narrow["map"].low


def test_covers_the_truth_about_as_often_as_it_says() -> None:
    """200 tests of 120 queries whose true mAP is known; a percentile interval is a little too narrow, never wide."""
    rng = np.random.default_rng(1)
    ranks = np.array([1, 2, 3, 10])
    truth = np.mean(1 / ranks)
    covered = 0
    for test in range(200):
        low, high = bootstrap(ranked(rng.choice(ranks, 120).tolist()), resamples=300, seed=test)["map"]
        covered += low <= truth <= high
    assert 0.90 <= covered / 200 <= 0.99


def test_the_seed_decides() -> None:
    metrics = ranked([1, 2, 3, 4, 5, 6, 30])
    assert bootstrap(metrics, seed=3) == bootstrap(metrics, seed=3)
    assert bootstrap(metrics, seed=3)["map"] != bootstrap(metrics, seed=4)["map"]


@pytest.mark.parametrize("first_match", [[4], [2, 2, 2, 2]])
def test_queries_that_are_all_alike_leave_no_doubt(first_match: list[int]) -> None:
    assert bootstrap(ranked(first_match))["map"] == pytest.approx((1 / first_match[0],) * 2)


def test_resamples_queries_and_not_their_rankings() -> None:
    once = ranked([1, 2, 3, 4, 5, 6, 30])
    arrays = {name: np.repeat(getattr(once, name), 9) for name in ("queries", "first_match", "ap", "inp")}
    often = replace(once, ap_trapezoid=np.repeat(once.ap_trapezoid, 9), **arrays)
    assert bootstrap(often)["map"] == pytest.approx(bootstrap(once)["map"])


def test_refuses() -> None:
    with pytest.raises(MaskreidError, match="resamples: expected at least 1, got 0"):
        bootstrap(ranked([1]), resamples=0)
    for level in (0, 1, 95):
        with pytest.raises(MaskreidError, match="between 0 and 1"):
            bootstrap(ranked([1]), level=level)


def test_quantiles_by_hand() -> None:
    means = np.array([[0.0], [0.25], [0.5], [0.75], [1.0]])
    assert percentile_intervals(means, 0.5) == [Interval(0.25, 0.75)]
