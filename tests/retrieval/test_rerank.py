from __future__ import annotations

import numpy as np
import pytest

from maskreid.errors import MaskreidError
from maskreid.retrieval import ALL_VS_ALL, Features, evaluate, evaluate_distances, rerank, rerank_among
from maskreid.retrieval import neighbours as neighbours_file


def published(
    query: Features,
    gallery: Features,
    k1: int = 20,
    k2: int = 6,
    lambda_: float = 0.3,
    *,
    squared: bool = True,
    strict: bool = True,
    one_more: int = 1,
    own: bool = True,
    normalise: bool = True,
    half: int | None = None,
) -> np.ndarray:
    """Zhong et al.'s program by loops and in float64; each keyword undoes one of its decisions."""
    items = np.concatenate([query.vectors, gallery.vectors]).astype(np.float64)
    total = len(items)
    distances = np.zeros((total, total))
    for i in range(total):
        for j in range(total):
            distances[i, j] = max(2 - 2 * items[i] @ items[j], 0) if squared else np.linalg.norm(items[i] - items[j])
    for i in range(total):
        distances[i] /= distances[i].max()
    ranking = [[i, *(j for j in np.argsort(distances[i], kind="stable") if j != i)] for i in range(total)]

    def mutual(i: int, k: int) -> list[int]:
        return [j for j in ranking[i][: k + one_more] if i in ranking[j][: k + one_more]]

    weights = np.zeros((total, total))
    for i in range(total):
        near = mutual(i, k1)
        expanded = set(near)
        for candidate in near:
            others = mutual(candidate, int(np.around(k1 / 2)) if half is None else half)
            shared, needed = 3 * len(set(others) & set(near)), 2 * len(others)
            if shared > needed or (not strict and shared == needed):
                expanded |= set(others)
        for j in expanded:
            weights[i, j] = np.exp(-distances[i, j])
        if normalise:
            weights[i] /= weights[i].sum()
    if k2 > 1:
        first = 0 if own else 1
        weights = np.stack([weights[ranking[i][first : k2 + first]].mean(axis=0) for i in range(total)])
    result = np.zeros((len(query), len(gallery)))
    for i in range(len(query)):
        for j in range(len(gallery)):
            one, other = weights[i], weights[len(query) + j]
            jaccard = 1 - np.minimum(one, other).sum() / np.maximum(one, other).sum()
            result[i, j] = (1 - lambda_) * jaccard + lambda_ * distances[i, len(query) + j]
    return result


def distances(*arguments, **keywords) -> np.ndarray:
    reranked = rerank(*arguments, **keywords)
    return reranked.rows(np.arange(len(reranked.query)))


@pytest.mark.parametrize(("k1", "k2"), [(20, 6), (7, 3), (5, 1), (6, 10), (1, 1), (200, 6), (3, 200)])
@pytest.mark.parametrize("seed", range(3))
def test_equals_the_published_program(world, seed: int, k1: int, k2: int) -> None:
    query, gallery = world(seed, 10, 50)
    result = distances(query, gallery, k1, k2)
    assert result.dtype == np.float32
    assert result == pytest.approx(published(query, gallery, k1, k2), abs=1e-5)


@pytest.mark.parametrize("seed", range(3))
def test_equals_the_published_program_with_ties(world, seed: int) -> None:
    query, gallery = world(seed, 10, 50, ties=True)
    assert len(np.unique(query.vectors @ gallery.vectors.T)) <= 5
    assert distances(query, gallery, 7, 3) == pytest.approx(published(query, gallery, 7, 3), abs=1e-5)


@pytest.mark.parametrize("lambda_", [0, 0.85, 1])
def test_mixes_in_the_original_distance(world, lambda_: float) -> None:
    query, gallery = world(0, 8, 40)
    expected = published(query, gallery, 7, 3, lambda_)
    assert distances(query, gallery, 7, 3, lambda_) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(
    "decision", [{"squared": False}, {"strict": False}, {"one_more": 0}, {"own": False}, {"normalise": False}]
)
def test_each_decision_shows(world, decision: dict[str, bool]) -> None:
    """Without it the oracle is no longer equal: the tests above would see it go."""
    query, gallery = world(1, 10, 60)
    result = distances(query, gallery, 6, 3)
    assert np.abs(result - published(query, gallery, 6, 3)).max() < 1e-5
    assert np.abs(result - published(query, gallery, 6, 3, **decision)).max() > 1e-3


@pytest.mark.parametrize(("k1", "even", "other"), [(5, 2, 3), (7, 4, 3)])
def test_half_of_an_odd_k1_is_rounded_to_even(world, k1: int, even: int, other: int) -> None:
    query, gallery = world(2, 10, 60)
    result = distances(query, gallery, k1, 1)
    assert np.abs(result - published(query, gallery, k1, 1, half=even)).max() < 1e-5
    assert np.abs(result - published(query, gallery, k1, 1, half=other)).max() > 1e-3


def test_junk_and_distractors_are_neighbours_too(world) -> None:
    query, gallery = world(0, 8, 60)
    people = gallery.identities > 0
    without = Features(gallery.vectors[people], gallery.identities[people], gallery.cameras[people])
    difference = distances(query, gallery, 6, 3)[:, people] - distances(query, without, 6, 3)
    assert np.abs(difference).max() > 1e-3


def test_other_queries_are_neighbours_too(world) -> None:
    query, gallery = world(0, 8, 60)
    alone = Features(query.vectors[:1], query.identities[:1], query.cameras[:1])
    difference = distances(query, gallery, 6, 3)[:1] - distances(alone, gallery, 6, 3)
    assert np.abs(difference).max() > 1e-3


@pytest.mark.parametrize("settings", [{}, {"k1": 5, "k2": 3}, {"k2": 1, "lambda_": 0.7}])
def test_a_set_among_itself_is_there_once(world, settings: dict[str, float]) -> None:
    """However it is parted into queries and gallery, their distances are those that it has as one set."""
    _, items = world(0, 1, 60)
    found = rerank_among(items, **settings).rows(np.arange(60))
    for seed, cut in enumerate((1, 20, 59)):
        order = np.random.default_rng(seed).permutation(60)
        query, gallery = items.take(order[:cut]), items.take(order[cut:])
        assert found[np.ix_(order[:cut], order[cut:])] == pytest.approx(
            distances(query, gallery, **settings), abs=1e-6
        )
    with pytest.raises(MaskreidError, match="k1 >= 1"):
        rerank_among(items, 0)


def test_blocks_do_not_show(world, monkeypatch) -> None:
    query, gallery = world(4, 10, 50, ties=True)
    whole = distances(query, gallery, 7, 3)
    monkeypatch.setattr(neighbours_file, "TILE", 7)
    assert distances(query, gallery, 7, 3) == pytest.approx(whole, abs=1e-6)


def test_helps_where_people_cluster(world) -> None:
    query, gallery = world(0, 30, 300, noise=0.9, people=12)
    assert rerank(query, gallery).evaluate().map > evaluate(query, gallery).map + 0.02


@pytest.mark.parametrize("seed", range(3))
def test_map_is_the_published_program_s(world, seed: int) -> None:
    query, gallery = world(seed, 20, 80, noise=0.9)
    expected = evaluate_distances(published(query, gallery, 7, 3), query, gallery)
    assert rerank(query, gallery, 7, 3).evaluate().map == pytest.approx(expected.map, abs=1e-6)


def test_rows_are_those_asked_for(world) -> None:
    query, gallery = world(0)
    reranked, whole = rerank(query, gallery, 7, 3), distances(query, gallery, 7, 3)
    assert np.array_equal(reranked.rows([5, 0, 5]), whole[[5, 0, 5]])
    assert reranked.rows([]).shape == (0, len(gallery))
    assert np.array_equal(reranked.rows([-2, -1]), whole[[-2, -1]])
    assert np.array_equal(reranked.rows(np.arange(len(query)) % 2 == 0), whole[::2])


def test_evaluates_under_the_protocol_asked_for(world) -> None:
    query, gallery = world(0)
    reranked = rerank(query, gallery, 7, 3)
    assert reranked.evaluate().map == evaluate_distances(distances(query, gallery, 7, 3), query, gallery).map
    assert reranked.evaluate(ALL_VS_ALL).protocol is ALL_VS_ALL


def test_one_query_and_one_image() -> None:
    query = Features(np.float32([[1, 0]]), np.array([1]), np.array([1]))
    gallery = Features(np.float32([[0, 1]]), np.array([1]), np.array([2]))
    assert distances(query, gallery) == pytest.approx(published(query, gallery), abs=1e-5)


def test_images_that_are_all_alike_stay_finite() -> None:
    row = np.random.default_rng(0).normal(size=(1, 37))
    alike = Features.normalised(np.tile(row, (30, 1)), np.ones(30, int), np.arange(30))
    found = distances(alike, alike, 5, 3)
    assert np.isfinite(found).all()
    assert found.min() >= -1e-5
    assert found.max() <= 1 + 1e-5


@pytest.mark.parametrize("settings", [{"k1": 0}, {"k2": 0}, {"lambda_": -0.1}, {"lambda_": 1.1}])
def test_refuses_settings(world, settings: dict[str, float]) -> None:
    query, gallery = world(0)
    with pytest.raises(MaskreidError, match="expected k1 >= 1, k2 >= 1 and 0 <= lambda_ <= 1"):
        rerank(query, gallery, **settings)


def test_refuses_features_that_do_not_fit(world) -> None:
    query, gallery = world(0)
    other = Features(np.eye(3, dtype=np.float32), np.arange(3), np.arange(3))
    with pytest.raises(MaskreidError, match="numbers a row"):
        rerank(query, other)
    with pytest.raises(MaskreidError, match="no gallery images"):
        rerank(query, Features(gallery.vectors[:0], gallery.identities[:0], gallery.cameras[:0]))
