"""Histograms: heights against counting by hand."""

from __future__ import annotations

import numpy as np

from maskreid.reports.distributions import (
    ap_distribution,
    ap_shares,
    coverage_histogram,
    reliability_diagram,
    similarity_plot,
)
from maskreid.retrieval import MARKET1501, Metrics, Similarities
from maskreid.retrieval.reliability import reliability


def with_ap(ap: list[float], queries: list[int]) -> Metrics:
    values = np.array(ap)
    return Metrics(MARKET1501, 9, np.array(queries), np.ones(len(ap), int), values, values, values, {})


def test_the_shares_are_of_queries_not_of_rankings() -> None:
    edges, share = ap_shares(with_ap([1.0, 0.5, 0.02, 0.99], [0, 0, 1, 2]))
    expected = np.zeros(20)
    expected[[0, 15, 19]] = 100 / 3  # query 0 is ranked twice: its AP is 75 %
    np.testing.assert_allclose(share, expected)
    np.testing.assert_allclose(edges, np.arange(0, 101, 5))
    figure = ap_distribution({"a": with_ap([1.0, 0.5], [0, 1])})
    assert "a (mAP 75.0 %)" in figure.words


def test_similarities_of_several_are_drawn_one_below_the_other_with_their_thresholds() -> None:
    counts = np.zeros(200, int)
    counts[150:160] = 3
    each = Similarities(np.linspace(-1, 1, 201), counts, counts[::-1])
    figure = similarity_plot({"softmax": each, "ranking": each}, {"softmax": {"0.01": 0.25, "0.1": 0.125}})
    first, second = figure.drawn.axes
    assert [line.get_xdata()[0] for line in first.lines] == [0.125, 0.25]
    assert [text.get_text() for text in first.texts] == ["10 %", "1 %"]
    assert not second.lines
    same = first.patches[0].get_data()
    np.testing.assert_allclose(same.values[150:160], 10)
    assert same.values.sum() == 100
    text = figure.inline()
    for words in ("softmax", "ranking", "the same person", "different people", "cosine similarity"):
        assert words in text


def test_the_axis_reaches_the_thresholds() -> None:
    counts = np.zeros(200, int)
    counts[150:160] = 3  # from 0.5 on
    figure = similarity_plot({"": Similarities(np.linspace(-1, 1, 201), counts, counts)}, {"": {"0.1": 0.125}})
    assert figure.drawn.axes[0].get_xlim() == (0.125, 1)


def test_similarities_of_which_one_kind_is_missing_can_be_drawn() -> None:
    none = np.zeros(200, int)
    assert similarity_plot({"": Similarities(np.linspace(-1, 1, 201), none, none)}).png(50)


def test_reliability_shows_what_was_claimed_and_what_came_true() -> None:
    measured = reliability(np.array([0.12, 0.14, 0.95, 0.95]), np.array([False, True, True, True]))
    upper, lower = reliability_diagram({"a": measured}).drawn.axes
    claimed, true = upper.lines[1].get_data()
    np.testing.assert_allclose(claimed, [13, 95])
    np.testing.assert_allclose(true, [50, 100])
    np.testing.assert_allclose(lower.patches[0].get_data().values[[1, 9]], [50, 50])


def test_coverage_bars_count_the_masks() -> None:
    figure = coverage_histogram(np.array([0.01, 0.52, 0.54, 1.0], np.float32), 0.05)
    heights = [bar.get_height() for bar in figure.drawn.axes[0].patches]
    assert heights == [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 1]
    assert "median 53 %" in figure.words
    assert coverage_histogram(np.array([], np.float32), 0.05).words == "No masks"
