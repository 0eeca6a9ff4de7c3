"""Which answers a page shows, and what it calls them."""

from __future__ import annotations

import numpy as np

from maskreid.reports.rank_lists import choose_queries, first_hits
from maskreid.retrieval import MARKET1501, Features, evaluate


def features(identities: list[int], cameras: list[int]) -> Features:
    vectors = np.random.default_rng(len(identities)).normal(size=(len(identities), 4)).astype(np.float32)
    return Features.normalised(vectors, np.array(identities), np.array(cameras))


def test_junk_and_the_query_s_own_camera_are_left_out_and_distractors_are_not() -> None:
    query = features([7], [1])
    gallery = features([7, -1, 0, 7, 8, 8], [1, 2, 2, 2, 1, 2])
    similarities = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.5])
    assert first_hits(query, 0, gallery, similarities, MARKET1501).tolist() == [2, 3, 4, 5]


def test_no_more_answers_than_asked_for() -> None:
    query, gallery = features([7], [1]), features([7, 8, 9, 9], [2, 2, 2, 1])
    assert first_hits(query, 0, gallery, np.arange(4.0), MARKET1501, count=2).tolist() == [3, 2]


def test_the_first_answer_shown_agrees_with_the_metrics() -> None:
    rng = np.random.default_rng(0)
    query = features(list(range(1, 21)), [1] * 20)
    gallery = features(rng.integers(-1, 21, 300).tolist(), rng.integers(1, 4, 300).tolist())
    metrics = evaluate(query, gallery)
    for place, row in enumerate(metrics.queries):
        similarities = gallery.vectors @ query.vectors[row]
        hits = first_hits(query, int(row), gallery, similarities, MARKET1501, count=300)
        right = np.flatnonzero(gallery.identities[hits] == query.identities[row])
        assert right[0] + 1 == metrics.first_match[place]


def test_queries_go_from_the_worst_to_the_best() -> None:
    rng = np.random.default_rng(1)
    query = features(list(range(1, 21)), [1] * 20)
    gallery = features(rng.integers(1, 21, 300).tolist(), [2] * 300)
    metrics = evaluate(query, gallery)
    ap = dict(zip(metrics.queries.tolist(), metrics.ap.tolist(), strict=True))
    chosen = [ap[row] for row in choose_queries(metrics, 5)]
    assert chosen == sorted(chosen)
    assert (chosen[0], chosen[-1]) == (min(ap.values()), max(ap.values()))
    assert len(choose_queries(metrics, 100)) == len(metrics.queries)
