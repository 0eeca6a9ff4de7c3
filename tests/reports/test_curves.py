"""Curves: the points that are drawn, against loops over queries and pairs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from maskreid.reports.curves import LEAST, cmc_curve, det_curve, roc_curve, roc_points
from maskreid.retrieval import Features, Metrics, OpenSet, Similarities, cmc_interval, evaluate


def some_metrics(gallery_size: int) -> Metrics:
    rng = np.random.default_rng(0)

    def features(count: int, camera: int) -> Features:
        vectors = rng.normal(size=(count, 3)).astype(np.float32)
        return Features.normalised(vectors, np.arange(count) % 4 + 1, np.full(count, camera))

    return evaluate(features(8, 1), features(gallery_size, 2))


def test_the_curve_is_the_share_of_queries_found_so_far_inside_its_interval() -> None:
    metrics = some_metrics(80)
    (axes,) = cmc_curve({"single query": metrics}).drawn.axes
    ranks, share = axes.lines[0].get_data()
    for rank, percent in zip(ranks, share, strict=True):
        found = sum(first <= rank for first in metrics.first_match.tolist())
        np.testing.assert_allclose(percent, 100 * found / len(metrics.first_match))
    low, high = cmc_interval(metrics, 50)
    shade = axes.collections[0].get_paths()[0].vertices
    assert {round(100 * float(end), 9) for end in (*low, *high)} <= {round(float(y), 9) for _, y in shade}


def test_it_names_its_evaluations_and_their_rank_1() -> None:
    metrics = some_metrics(80)
    figure = cmc_curve({"single query": metrics})
    label = f"single query (Rank-1 {100 * metrics.rank(1):.1f} %)"
    assert label in figure.inline()
    assert label in figure.words


def test_a_gallery_smaller_than_the_axis_can_be_drawn() -> None:
    assert len(cmc_curve({"single query": some_metrics(4)}).drawn.axes[0].lines[0].get_xdata()) == 4
    assert cmc_curve({"all": some_metrics(4)}).drawn.axes[0].lines[0].get_marker() == ""
    point = replace(some_metrics(8), gallery_size=1)
    assert cmc_curve({"one": point}).drawn.axes[0].lines[0].get_marker() == "o", "a line of one point is invisible"


def test_roc_points_against_counting_pairs_above_each_edge() -> None:
    rng = np.random.default_rng(3)
    counted = Similarities(np.linspace(-1, 1, 11), rng.integers(0, 9, 10), rng.integers(0, 99, 10))
    false, true = roc_points(counted)
    for place in range(10):
        above = range(9 - place, 10)
        np.testing.assert_allclose(false[place], sum(counted.different[b] for b in above) / counted.different.sum())
        np.testing.assert_allclose(true[place], sum(counted.same[b] for b in above) / counted.same.sum())
    (axes,) = roc_curve({"": counted}).drawn.axes
    np.testing.assert_allclose(axes.lines[0].get_data(), (100 * false, 100 * true))


def test_roc_of_one_person_alone_is_drawn_without_a_warning(recwarn: pytest.WarningsRecorder) -> None:
    counted = Similarities(np.linspace(-1, 1, 11), np.arange(10), np.zeros(10, np.int64))
    roc_curve({"": counted}).inline()
    assert not recwarn.list


def test_the_det_curve_is_what_the_draws_miss_on_average() -> None:
    fpir = np.geomspace(1e-3, 1, 61)
    tpir = np.stack([np.linspace(0.2, 0.9, 61), np.linspace(0.4, 0.9, 61)])
    measured = OpenSet(fpir, tpir, np.array([0.9, 0.9]), 5, 5)
    (axes,) = det_curve({"a": measured, "b": measured}).drawn.axes
    assert len(axes.lines) == 2
    np.testing.assert_allclose(axes.lines[0].get_ydata(), 100 * (1 - tpir.mean(0)))
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["a", "b"]


def test_who_misses_nobody_is_drawn_at_the_least_that_a_logarithm_shows() -> None:
    fpir = np.geomspace(1e-3, 1, 61)
    (axes,) = det_curve({"": OpenSet(fpir, np.ones((2, 61)), np.ones(2), 5, 5)}).drawn.axes
    assert set(axes.lines[0].get_ydata()) == {LEAST}
    assert axes.get_ylim()[0] == LEAST
