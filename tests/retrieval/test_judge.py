"""Protocols by name, and what can be asked of them together."""

from __future__ import annotations

import numpy as np
import pytest

from maskreid.errors import MaskreidError
from maskreid.retrieval import (
    ALL_VS_ALL,
    NAMED_PROTOCOLS,
    Features,
    Reranking,
    evaluate,
    evaluate_single_shot,
    everyone,
    judge,
    named_protocol,
    pool_queries,
    rerank,
)
from maskreid.retrieval.named_protocols import EVERYONE, MULTIPLE_QUERY, SINGLE_QUERY, SINGLE_SHOT


@pytest.fixture
def test(world) -> tuple[Features, Features, Features]:
    """Queries of known cameras, a gallery, and boxes of every query's person and camera."""
    query, gallery = world(0, queries=20)
    seen = np.flatnonzero(query.cameras != -1)
    query = Features(*(each[seen] for each in (query.vectors, query.identities, query.cameras)))
    turned = query.vectors + 0.1 * np.random.default_rng(0).normal(size=query.vectors.shape)
    return query, gallery, Features.normalised(turned, query.identities, query.cameras)


def test_names() -> None:
    assert list(NAMED_PROTOCOLS) == ["market1501", "market1501-multiple", "cuhk03-classic", "all-vs-all"]
    assert all(named_protocol(name).name == name for name in NAMED_PROTOCOLS)
    with pytest.raises(MaskreidError, match="no protocol 'cuhk03'; expected market1501, "):
        named_protocol("cuhk03")


def test_each_protocol_is_what_its_functions_give(test) -> None:
    query, gallery, boxes = test
    all_images = everyone(query, gallery)
    for protocol, expected in {
        SINGLE_QUERY: evaluate(query, gallery),
        MULTIPLE_QUERY: evaluate(pool_queries(query, boxes), gallery),
        SINGLE_SHOT: evaluate_single_shot(query, gallery, repeats=100),
        EVERYONE: evaluate(all_images, all_images, ALL_VS_ALL),
    }.items():
        judged = judge(query, gallery, boxes, protocol=protocol)
        assert list(judged.metrics) == [protocol.heading]
        assert judged.main.map == expected.map
        assert judged.main.queries.max() < len(judged.query)
        assert judged.main.protocol.name == protocol.rule.name


def test_all_against_all_by_loops(test) -> None:
    query, gallery, _ = test
    judged = judge(query, gallery, protocol=EVERYONE)
    people = judged.query
    firsts = []
    for row in range(len(people)):
        others = [i for i in range(len(people)) if i != row and people.identities[i] != -1]
        others.sort(key=lambda i, row=row: (-float(people.vectors[i] @ people.vectors[row]), i))
        right = [n for n, i in enumerate(others, 1) if people.identities[i] == people.identities[row]]
        if people.identities[row] > 0 and right:
            firsts.append(right[0])
    assert judged.main.first_match.tolist() == firsts


def test_re_ranking_and_multiple_query_come_beside_the_protocols_own_numbers(test) -> None:
    query, gallery, boxes = test
    judged = judge(query, gallery, boxes, multi_query=True, reranking=Reranking())
    assert list(judged.metrics) == [
        "single query",
        "single query, re-ranked",
        "multiple query",
        "multiple query, re-ranked",
    ]
    assert judged.main is judged.metrics["single query"]
    assert judged.reranked is not None
    assert judged.reranked.query is query
    assert (
        judged.metrics["multiple query, re-ranked"].map == rerank(pool_queries(query, boxes), gallery).evaluate().map
    )


@pytest.mark.parametrize("how", [{"device": "cpu"}, {"reranking": Reranking(probes=1000)}])
def test_products_and_searches_made_elsewhere_give_the_same(test, how) -> None:
    query, gallery, boxes = test
    here = judge(query, gallery, boxes, multi_query=True, reranking=Reranking())
    there = judge(query, gallery, boxes, multi_query=True, **{"reranking": Reranking(), **how})
    assert here.metrics.keys() == there.metrics.keys()
    assert there.reranking == how.get("reranking", Reranking())
    for name, metrics in here.metrics.items():
        assert there.metrics[name].map == pytest.approx(metrics.map, abs=1e-6)


def test_refuses_what_does_not_go_together(test) -> None:
    query, gallery, boxes = test
    with pytest.raises(MaskreidError, match="device 'nowhere'"):
        judge(query, gallery, device="nowhere")
    with pytest.raises(MaskreidError, match="protocol market1501-multiple: needs features of the multi-query boxes"):
        judge(query, gallery, protocol=MULTIPLE_QUERY)
    for protocol in (SINGLE_SHOT, EVERYONE):
        with pytest.raises(MaskreidError, match=f"re-ranking .* protocol {protocol.name} has none"):
            judge(query, gallery, protocol=protocol, reranking=Reranking())
        with pytest.raises(MaskreidError, match="multiple query is a form of protocol market1501"):
            judge(query, gallery, boxes, protocol=protocol, multi_query=True)
