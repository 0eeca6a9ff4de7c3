from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from maskreid.errors import MaskreidError
from maskreid.retrieval import MARKET1501, Metrics


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(
        protocol=MARKET1501,
        gallery_size=8,
        queries=np.array([0, 2, 3]),
        first_match=np.array([1, 6, 2]),
        ap=np.array([1, 1 / 6, 0.5]),
        ap_trapezoid=np.array([1, 1 / 12, 0.25]),
        inp=np.array([1, 1 / 8, 0.25]),
        skipped={
            1: "identity not in the gallery",
            4: "identity only in the same camera",
            5: "identity not in the gallery",
        },
    )


def test_rank_and_cmc_agree(metrics: Metrics) -> None:
    assert metrics.cmc == pytest.approx(np.array([1, 2, 2, 2, 2, 3, 3, 3]) / 3)
    assert [metrics.rank(k) for k in range(1, 9)] == pytest.approx(metrics.cmc)


def test_a_rank_beyond_the_gallery_is_the_last(metrics: Metrics) -> None:
    assert metrics.rank(1000) == 1


@pytest.mark.parametrize("k", [0, -1])
def test_ranks_start_at_one(metrics: Metrics, k: int) -> None:
    with pytest.raises(MaskreidError, match=f"got {k}"):
        metrics.rank(k)


def test_per_query_scores_average_to_the_scores_of_all(metrics: Metrics) -> None:
    scores = metrics.per_query()
    assert {name: values.shape for name, values in scores.items()} == dict.fromkeys(scores, (3,))
    assert [100 * values.mean() for values in scores.values()] == pytest.approx(
        [metrics.as_dict()[name] for name in scores], abs=0.006
    )


def test_rankings_of_one_query_count_as_one(metrics: Metrics) -> None:
    often = replace(metrics, queries=np.array([5, 2, 5]))
    assert often.by_query(often.first_match).tolist() == [6, 1.5]
    assert often.per_query()["rank1"].tolist() == [0, 0.5]
    assert often.as_dict()["queries"] == 2
    assert "| 2 queries, 8 gallery |" in str(often)
    assert often.cmc[[0, -1]] == pytest.approx([1 / 3, 1]), "of rankings"


def test_json_holds_percentages_with_two_decimals_and_the_definitions(metrics: Metrics) -> None:
    told = json.loads(json.dumps(metrics.as_dict()))
    assert told.pop("definitions").keys() == {"map", "map_trapezoid"}
    assert told == {
        "rank1": 33.33,
        "rank5": 66.67,
        "rank10": 100.0,
        "rank20": 100.0,
        "map": 55.56,
        "map_trapezoid": 44.44,
        "minp": 45.83,
        "queries": 3,
        "gallery": 8,
        "skipped": {"identity not in the gallery": 2, "identity only in the same camera": 1},
        "protocol": "market1501",
    }


def test_prints_the_fields_table(metrics: Metrics) -> None:
    assert str(metrics).splitlines() == [
        "| Dataset              | Rank-1 | Rank-5 | Rank-10 |  mAP | mAP (trapezoid) | mINP |",
        "| -------------------- | -----: | -----: | ------: | ---: | --------------: | ---: |",
        "| 3 queries, 8 gallery |   33.3 |   66.7 |   100.0 | 55.6 |            44.4 | 45.8 |",
    ]


def test_every_rank_has_a_place_of_its_own(metrics: Metrics) -> None:
    later = replace(metrics, gallery_size=30, first_match=np.array([4, 8, 15]))
    assert [later.as_dict()[f"rank{k}"] for k in (1, 5, 10, 20)] == [0, 33.33, 66.67, 100]
    assert str(later).splitlines()[-1].startswith("| 3 queries, 30 gallery |    0.0 |   33.3 |    66.7 |")
