"""How a test is re-ranked, and what metrics.json remembers of it."""

from __future__ import annotations

import json

import pytest

from maskreid.errors import MaskreidError
from maskreid.retrieval import Reranking, exact_search, rerank, reranking
from maskreid.retrieval.neighbours import Search


def test_the_default_is_the_published_one(world) -> None:
    query, gallery = world(0)
    assert Reranking() == Reranking(k1=20, k2=6, lambda_=0.3)
    assert (Reranking()(query, gallery).rows([0, 1]) == rerank(query, gallery).rows([0, 1])).all()


def test_every_parameter_reaches_the_distances(world) -> None:
    query, gallery = world(0)
    asked = Reranking(k1=4, k2=2, lambda_=0.9)
    found = asked(query, gallery).rows([0, 1, 2])
    assert (found == rerank(query, gallery, 4, 2, 0.9).rows([0, 1, 2])).all()
    others = [
        Reranking(k1=5, k2=2, lambda_=0.9),
        Reranking(k1=4, k2=3, lambda_=0.9),
        Reranking(k1=4, k2=2, lambda_=0.8),
    ]
    assert all((each(query, gallery).rows([0, 1, 2]) != found).any() for each in others)


@pytest.mark.parametrize(
    "asked", [Reranking(), Reranking(lambda_=0.05), Reranking(k1=3, k2=1, lambda_=1.0, probes=8)], ids=str
)
def test_json_brings_it_back(asked: Reranking) -> None:
    assert Reranking.of(json.loads(json.dumps({"reranking": asked.as_dict()}))) == asked
    assert Reranking.of({}) == Reranking()


@pytest.mark.parametrize("damaged", [None, 3, "20", [20], {"k1": "20"}, {"k3": 1}, {"k1": None}, {"probes": "all"}])
def test_damaged_numbers_are_told(damaged: object) -> None:
    with pytest.raises(MaskreidError, match=r"reranking of metrics\.json: damaged"):
        Reranking.of({"reranking": damaged})


@pytest.mark.parametrize("wrong", [{"k1": 0}, {"k2": 0}, {"lambda_": -0.1}, {"lambda_": 1.1}])
def test_refuses_parameters_out_of_range(wrong) -> None:
    with pytest.raises(MaskreidError, match="expected k1 >= 1, k2 >= 1 and 0 <= lambda_ <= 1, got"):
        Reranking(**wrong)


def test_refuses_no_probes() -> None:
    with pytest.raises(MaskreidError, match="probes: expected at least 1, got 0"):
        Reranking(probes=0)


def test_the_search_that_was_asked_for_is_taken(world, monkeypatch: pytest.MonkeyPatch) -> None:
    query, gallery = world(0)
    taken: list[object] = []

    def remembering(asked: object) -> Search:
        taken.append(asked)
        return exact_search

    monkeypatch.setattr(reranking, "approximate_search", remembering)
    monkeypatch.setattr(reranking, "device_search", remembering)
    Reranking()(query, gallery)
    assert taken == []
    Reranking()(query, gallery, device="cpu")
    assert taken.pop() == "cpu"
    Reranking(probes=7)(query, gallery)
    assert taken.pop() == 7
