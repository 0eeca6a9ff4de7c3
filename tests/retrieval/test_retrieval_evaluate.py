from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskreid.errors import MaskreidError
from maskreid.retrieval import Features, Metrics, evaluate, evaluate_distances
from maskreid.retrieval import blocks as block_file

ARRAYS = ("queries", "first_match", "ap", "ap_trapezoid", "inp")


def slow(distances: np.ndarray, query: Features, gallery: Features) -> dict[int, tuple[int, float, float, float]]:
    """Market-1501's protocol by loops: query row -> first match, AP, trapezoid AP, INP."""
    results = {}
    for q in range(len(query)):
        order = sorted(range(len(gallery)), key=lambda g, q=q: (distances[q, g], g))
        rank, found, first, ap, trapezoid, last, before = 0, 0, None, 0.0, 0.0, 0, 1.0
        for g in order:
            same = gallery.identities[g] == query.identities[q]
            if gallery.identities[g] == -1:
                continue
            if same and query.cameras[q] != -1 and gallery.cameras[g] == query.cameras[q]:
                continue
            rank += 1
            if same:
                found += 1
                first = first or rank
                last = rank
                ap += found / rank
                trapezoid += (before + found / rank) / 2
            before = found / rank
        if first:
            results[q] = (first, ap / found, trapezoid / found, found / last)
    return results


def assert_equal_to(metrics: Metrics, expected: dict[int, tuple[int, float, float, float]]) -> None:
    assert metrics.queries.tolist() == list(expected)
    for name, values in zip(ARRAYS[1:], zip(*expected.values(), strict=True), strict=True):
        assert getattr(metrics, name) == pytest.approx(np.array(values), abs=1e-12), name
    assert metrics.map == pytest.approx(np.mean([each[1] for each in expected.values()]))
    assert metrics.map_trapezoid == pytest.approx(np.mean([each[2] for each in expected.values()]))
    assert metrics.minp == pytest.approx(np.mean([each[3] for each in expected.values()]))


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_equals_the_loops(world, seed: int, ties: bool) -> None:
    query, gallery = world(seed, ties=ties)
    similarities = np.array([[float(q @ g) for g in gallery.vectors] for q in query.vectors])
    assert_equal_to(evaluate(query, gallery), slow(-similarities, query, gallery))


@pytest.mark.parametrize("dtype", [np.longdouble, np.float64, np.float32, np.float16, np.int64, np.uint8])
@pytest.mark.parametrize("seed", range(3))
def test_distances_of_any_type_equal_the_loops(world, seed: int, dtype) -> None:
    query, gallery = world(seed)
    distances = np.random.default_rng(seed).integers(0, 9, (len(query), len(gallery))).astype(dtype)
    before = distances.copy()
    assert_equal_to(evaluate_distances(distances, query, gallery), slow(distances.astype(float), query, gallery))
    assert np.array_equal(distances, before), "the caller's matrix is left alone"


@pytest.mark.parametrize("rows", [1, 5])
def test_blocks_do_not_show(world, monkeypatch, rows: int) -> None:
    query, gallery = world(3, ties=True)
    whole = evaluate(query, gallery)
    assert 4 * len(query) * len(gallery) < block_file.BLOCK_BYTES, "the first call took one block"
    monkeypatch.setattr(block_file, "BLOCK_BYTES", rows * 4 * len(gallery))
    monkeypatch.setattr(block_file, "FEWEST_ROWS", 1)
    blocks = evaluate(query, gallery)
    for name in ARRAYS:
        assert np.array_equal(getattr(whole, name), getattr(blocks, name))


@pytest.mark.parametrize("ties", [False, True])
def test_a_device_gives_the_same(world, ties: bool) -> None:
    query, gallery = world(2, ties=ties)
    here, there = evaluate(query, gallery), evaluate(query, gallery, device="cpu")
    for name in ARRAYS:
        assert np.array_equal(getattr(here, name), getattr(there, name))
    with pytest.raises(MaskreidError, match="device 'nowhere'"):
        evaluate(query, gallery, device="nowhere")


def test_a_gallery_that_is_mostly_junk_counts_its_junk(world) -> None:
    query, gallery = world(2, gallery=200)
    identities = np.where(np.arange(200) % 3 > 0, -1, gallery.identities)
    gallery = Features(gallery.vectors, identities, gallery.cameras, gallery.paths)
    similarities = query.vectors @ gallery.vectors.T
    metrics = evaluate(query, gallery)
    assert_equal_to(metrics, slow(-similarities, query, gallery))
    assert metrics.gallery_size == 200


def test_many_matches_are_ranked_the_same(world) -> None:
    query, gallery = world(1, gallery=900, people=2, ties=True)
    assert (gallery.identities == 1).sum() > 160
    similarities = query.vectors @ gallery.vectors.T
    assert_equal_to(evaluate(query, gallery), slow(-similarities, query, gallery))


def reordered(features: Features, order: np.ndarray) -> Features:
    return Features(features.vectors[order], features.identities[order], features.cameras[order])


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_the_order_of_the_gallery_does_not_matter_without_ties(seed: int) -> None:
    rng = np.random.default_rng(seed)
    query, gallery = (
        Features.normalised(rng.normal(size=(count, 6)), rng.integers(1, 4, count), rng.integers(1, 4, count))
        for count in (6, 30)
    )
    distances = rng.permutation(6 * 30).reshape(6, 30)
    order = rng.permutation(30)
    one = evaluate_distances(distances, query, gallery)
    other = evaluate_distances(distances[:, order], query, reordered(gallery, order))
    for name in ARRAYS:
        assert np.array_equal(getattr(one, name), getattr(other, name))


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), power=st.integers(-20, 20))
def test_the_scale_of_features_does_not_matter(seed: int, power: int) -> None:
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(30, 6))
    identities, cameras = rng.integers(1, 4, 30), rng.integers(1, 4, 30)
    scales = np.ones(30) * 2.0**power
    one, other = (Features.normalised(each, identities, cameras) for each in (vectors, vectors * scales[:, None]))
    assert evaluate(one, one).map == evaluate(other, other).map


def test_equal_similarities_rank_in_the_order_of_the_gallery() -> None:
    def alike(identities: list[int], cameras: list[int]) -> Features:
        return Features(np.tile(np.float32([1, 0]), (len(identities), 1)), np.array(identities), np.array(cameras))

    query = alike([1], [1])
    assert evaluate(query, alike([2, 1, 3, 1], [2, 2, 2, 2])).first_match.tolist() == [2]
    assert evaluate(query, alike([1, 2, 3, 1], [2, 2, 2, 2])).first_match.tolist() == [1]
    assert evaluate(query, alike([2, 1, 3, 1], [2, 2, 2, 2])).map == pytest.approx((1 / 2 + 2 / 4) / 2)


def test_the_same_image_twice_counts_twice() -> None:
    query = Features(np.float32([[1, 0]]), np.array([1]), np.array([1]))
    gallery = Features(np.float32([[1, 0], [1, 0], [0, 1]]), np.array([1, 1, 2]), np.array([2, 2, 2]))
    metrics = evaluate(query, gallery)
    assert (metrics.map, metrics.minp) == (1, 1)


def test_queries_without_a_match_are_in_no_mean_and_say_why() -> None:
    unit = np.float32([[1, 0], [1, 0], [1, 0], [1, 0]])
    query = Features(unit, np.array([1, 2, 3, 0]), np.array([1, 1, 1, 1]))
    gallery = Features(unit[:3], np.array([2, 1, 5]), np.array([1, 2, 2]))
    metrics = evaluate(query, gallery)
    assert metrics.queries.tolist() == [0]
    assert metrics.map == 0.5, "of query 0 alone, whose match stands second"
    assert dict(metrics.skipped) == {
        1: "identity only in the same camera",
        2: "identity not in the gallery",
        3: "query is junk or a distractor (identity -1 or 0)",
    }


def features(count: int, dimension: int = 2, model: str = "", camera: int = 1) -> Features:
    vectors = np.eye(dimension, dtype=np.float32)[np.zeros(count, int)]
    return Features(vectors, np.ones(count, int), np.full(count, camera), model=model)


@pytest.mark.parametrize(
    ("query", "gallery", "message"),
    [
        (features(0), features(2), "no query images"),
        (features(2), features(0), "no gallery images"),
        (features(2), features(2, dimension=3), "query features have 2 numbers a row, gallery features 3"),
        (features(2, model="a"), features(2, model="b"), "made by model a, gallery features by b"),
        (features(2), features(2), "all 2 queries were skipped.*2: identity only in the same camera"),
    ],
)
def test_refuses_what_cannot_be_ranked(query: Features, gallery: Features, message: str) -> None:
    with pytest.raises(MaskreidError, match=message):
        evaluate(query, gallery)
    with pytest.raises(MaskreidError, match=message):
        evaluate_distances(np.zeros((len(query), len(gallery))), query, gallery)


@pytest.mark.parametrize(
    ("distances", "message"),
    [
        (np.zeros((3, 2)), r"expected real numbers of shape \(2, 3\).*shape \(3, 2\)"),
        (np.full((2, 3), np.nan), "row 0 holds NaN"),
        (np.array([[0, 0, 0], [0, np.inf, 0]]), "row 1 holds NaN or infinity"),
        (np.zeros((2, 3), complex), "complex"),
    ],
)
def test_refuses_distances(distances: np.ndarray, message: str) -> None:
    with pytest.raises(MaskreidError, match=message):
        evaluate_distances(distances, features(2), features(3, camera=2))


def test_one_query_and_one_image() -> None:
    metrics = evaluate(features(1), features(1, camera=2))
    assert (metrics.rank(1), metrics.map, metrics.map_trapezoid, metrics.minp) == (1, 1, 1, 1)
    assert metrics.cmc.tolist() == [1]
