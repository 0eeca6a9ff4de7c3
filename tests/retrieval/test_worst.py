from __future__ import annotations

import numpy as np
import pytest

from maskreid.errors import MaskreidError
from maskreid.retrieval import MARKET1501, Features, Metrics, evaluate, evaluate_single_shot, worst_queries


def test_the_worst_come_first_and_equal_ones_by_row() -> None:
    query = Features(
        np.tile(np.float32([1, 0]), (5, 1)), np.array([9, 8, 7, 6, 5]), np.array([1, 2, 3, 4, -1]), tuple("abcde")
    )
    metrics = Metrics(
        protocol=MARKET1501,
        gallery_size=9,
        queries=np.array([0, 1, 3, 4]),
        first_match=np.array([4, 1, 2, 4]),
        ap=np.array([0.25, 1, 0.5, 0.25]),
        ap_trapezoid=np.zeros(4),
        inp=np.zeros(4),
        skipped={2: "identity not in the gallery"},
    )
    worst = worst_queries(metrics, query, 3)
    assert [(each.row, each.path, each.identity, each.camera, each.first_match, each.ap) for each in worst] == [
        (0, "a", 9, 1, 4, 0.25),
        (4, "e", 5, -1, 4, 0.25),
        (3, "d", 6, 4, 2, 0.5),
    ]
    assert worst[0].as_dict() == {
        "row": 0,
        "path": "a",
        "identity": 9,
        "camera": 1,
        "first_match": 4.0,
        "ap": 25.0,
    }
    assert len(worst_queries(metrics, query, 99)) == 4
    assert worst_queries(metrics, query, 0) == []
    with pytest.raises(MaskreidError, match=r"worst queries: expected at least 0, got -1"):
        worst_queries(metrics, query, -1)


def test_features_without_paths_are_known_by_their_row(world) -> None:
    query, gallery = world(0)
    nameless = Features(query.vectors, query.identities, query.cameras)
    assert worst_queries(evaluate(nameless, gallery), nameless, 1)[0].path == ""


def test_a_query_that_is_ranked_often_is_listed_once(world) -> None:
    query, gallery = world(0)
    metrics = evaluate_single_shot(query, gallery, repeats=7)
    worst = worst_queries(metrics, query, 99)
    assert len({each.row for each in worst}) == len(worst)
    own = metrics.queries == worst[0].row
    assert own.sum() == 7
    assert worst[0].ap == metrics.ap[own].mean()
