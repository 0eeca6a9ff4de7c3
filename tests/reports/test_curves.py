"""Curves are SVG text: the same numbers give the same text, and the text says what it shows."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import numpy as np

from maskreid.reports.curves import cmc_curve, coverage_histogram, similarity_plot
from maskreid.retrieval import Features, Metrics, Similarities, evaluate


def some_metrics(gallery_size: int) -> Metrics:
    rng = np.random.default_rng(0)

    def features(count: int, camera: int) -> Features:
        vectors = rng.normal(size=(count, 3)).astype(np.float32)
        return Features.normalised(vectors, np.arange(count) % 4 + 1, np.full(count, camera))

    return evaluate(features(8, 1), features(gallery_size, 2))


def test_the_curve_names_its_evaluations_and_their_rank_1() -> None:
    metrics = some_metrics(80)
    svg = cmc_curve({"single query": metrics})
    ElementTree.fromstring(svg)
    assert f"single query (Rank-1 {100 * metrics.rank(1):.1f} %)" in svg


def test_a_gallery_smaller_than_the_axis_can_be_drawn() -> None:
    ElementTree.fromstring(cmc_curve({"single query": some_metrics(4)}))


def test_the_same_numbers_give_the_same_text() -> None:
    coverage = np.linspace(0, 1, 30, dtype=np.float32)
    assert coverage_histogram(coverage, 0.05) == coverage_histogram(coverage, 0.05)


def test_similarities_of_several_are_drawn_one_below_the_other() -> None:
    counts = np.zeros(200, int)
    counts[150:160] = 3
    each = Similarities(np.linspace(-1, 1, 201), counts, counts[::-1])
    drawn = similarity_plot({"softmax": each, "ranking": each})
    ElementTree.fromstring(drawn)
    for text in ("softmax", "ranking", "same person", "different people", "cosine similarity"):
        assert text in drawn


def test_similarities_of_which_one_kind_is_missing_can_be_drawn() -> None:
    none = np.zeros(200, int)
    ElementTree.fromstring(similarity_plot({"": Similarities(np.linspace(-1, 1, 201), none, none)}))
