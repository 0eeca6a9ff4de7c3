"""Which answers a page shows, and what it calls them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from maskreid.errors import MaskreidError
from maskreid.reports import find_queries, rank_lists
from maskreid.reports.pictures import Mask, Pixels
from maskreid.reports.rank_lists import choose_queries, first_hits
from maskreid.retrieval import (
    MARKET1501,
    Calibration,
    Features,
    Judgement,
    Reranking,
    evaluate,
    judge,
    worst_queries,
)


def features(identities: list[int], cameras: list[int]) -> Features:
    vectors = np.random.default_rng(len(identities)).normal(size=(len(identities), 4)).astype(np.float32)
    return Features.normalised(vectors, np.array(identities), np.array(cameras))


def test_junk_and_the_query_s_own_camera_are_left_out_and_distractors_are_not() -> None:
    query = features([7], [1])
    gallery = features([7, -1, 0, 7, 8, 8], [1, 2, 2, 2, 1, 2])
    similarities = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.5])
    assert first_hits(query, 0, gallery, similarities, MARKET1501).tolist() == [2, 3, 4, 5]


def test_of_distractors_nobody_is_the_right_answer() -> None:
    query, gallery = features([0], [1]), features([0, 0, 7, -1], [1, 2, 2, 2])
    assert first_hits(query, 0, gallery, np.array([0.9, 0.8, 0.7, 0.6]), MARKET1501).tolist() == [0, 1, 2]
    test = judge(features([0, 7], [1, 1]), gallery)
    (found,) = rank_lists(test, [0], crops)
    assert "query is junk or a distractor" in found.title
    assert [(hit.right, hit.who) for hit in sorted(found.hits, key=lambda hit: hit.who)] == [
        (False, "distractor"),
        (False, "distractor"),
        (False, "person 7"),
    ]


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


def judged() -> Judgement:
    """20 queries with paths, in a gallery of 300."""
    rng = np.random.default_rng(0)
    query = features(list(range(1, 21)), [1] * 20)
    query = Features(query.vectors, query.identities, query.cameras, tuple(f"query/{n}.jpg" for n in range(20)))
    gallery = features(rng.integers(-1, 21, 300).tolist(), rng.integers(1, 4, 300).tolist())
    return judge(query, gallery, reranking=Reranking())


def crops(features: Features, rows: Sequence[int], *, masks: bool = False) -> list[tuple[Pixels, Mask | None]]:
    """Pictures whose colour is the row."""
    return [(np.full((4, 2, 3), row % 256, np.uint8), np.ones((4, 2), bool) if masks else None) for row in rows]


def test_a_list_has_the_pictures_similarities_and_probabilities_of_its_answers() -> None:
    test = judged()
    calibration = Calibration(9.0, -0.5, -2.0, {}, 20, 300, 0.0, "made up")
    (found,) = rank_lists(test, [4], crops, top=5, calibration=calibration)
    alike = test.gallery.vectors @ test.query.vectors[4]
    rows = first_hits(test.query, 4, test.gallery, alike, MARKET1501, 5)
    entries = int((test.gallery.identities != -1).sum())
    assert found.mask is not None
    assert (found.pixels == 4).all()
    for row, hit in zip(rows.tolist(), found.hits, strict=True):
        assert (hit.pixels == row % 256).all()
        assert hit.right == (test.gallery.identities[row] == 5)
        assert hit.camera == str(test.gallery.cameras[row])
        assert hit.similarity == pytest.approx(float(alike[row]))
        assert hit.probability == pytest.approx(float(calibration.probability(alike[row], entries)))
    first = test.main.first_match[test.main.queries == 4][0]
    assert found.title.startswith(f"person 5, camera 1: first right answer at {first}, AP ")


def test_re_ranked_lists_are_in_the_order_of_the_new_distances() -> None:
    test = judged()
    assert test.reranked
    (found,) = rank_lists(test, [4], crops, reranked=True)
    nearest = [hit.similarity for hit in found.hits]
    assert nearest == sorted(nearest, reverse=True)
    rows = first_hits(test.query, 4, test.gallery, 1 - test.reranked.rows([4])[0], MARKET1501)
    assert [hit.pixels[0, 0, 0] for hit in found.hits] == [row % 256 for row in rows.tolist()]
    plain = replace(test, reranked=None)
    with pytest.raises(MaskreidError, match="not re-ranked"):
        rank_lists(plain, [4], crops, reranked=True)


def test_queries_are_found_by_every_name_that_they_have() -> None:
    test = judged()
    assert find_queries(test, ["query/7.jpg"]) == find_queries(test, ["7.jpg"]) == [7]
    assert find_queries(test, ["7"]) == [6], "a number is an identity"
    assert find_queries(test, ["Ada"], names={3: "Ada"}) == [2]
    assert find_queries(test, ["7"], names={3: "7"}) == [2], "unless it is somebody's name"
    assert find_queries(test, ["worst:3"]) == [each.row for each in worst_queries(test.main, test.query, 3)]
    some = find_queries(test, ["random:4", "random:4"], seed=1)
    assert len(set(some)) == len(some) == 4
    assert some == find_queries(test, ["random:4"], seed=1) != find_queries(test, ["random:4"], seed=2)


def test_a_query_that_is_not_there_is_named_with_the_nearest() -> None:
    with pytest.raises(MaskreidError, match=r"'17.jpeg': expected .*did you mean 17.jpg\?"):
        find_queries(judged(), ["17.jpeg"])
    with pytest.raises(MaskreidError, match="got nothing"):
        find_queries(judged(), ["worst:0"])
