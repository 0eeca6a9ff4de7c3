from __future__ import annotations

import itertools

import numpy as np
import pytest

from maskreid.errors import MaskreidError
from maskreid.retrieval import ALL_VS_ALL, Features, Metrics, evaluate, evaluate_single_shot
from maskreid.retrieval.single_shot import BLOCK


def exact(query: Features, gallery: Features) -> dict[int, list[int]]:
    """Query row -> the rank of its right answer in every gallery that can be drawn, by loops."""
    people = sorted({identity for identity in gallery.identities.tolist() if identity > 0})
    distractors = [g for g in range(len(gallery)) if gallery.identities[g] == 0]
    ranks: dict[int, list[int]] = {}
    for q in range(len(query)):
        choices = []
        for identity in people:
            rows = [g for g in range(len(gallery)) if gallery.identities[g] == identity]
            if identity == query.identities[q]:
                rows = [g for g in rows if gallery.cameras[g] != query.cameras[q] or query.cameras[q] == -1]
            choices.append(rows)
        if query.identities[q] not in people or not all(choices):
            continue
        for drawn in itertools.product(*choices):
            shown = sorted(
                [*drawn, *distractors], key=lambda g, q=q: (-float(query.vectors[q] @ gallery.vectors[g]), g)
            )
            (place,) = (i for i, g in enumerate(shown) if gallery.identities[g] == query.identities[q])
            ranks.setdefault(q, []).append(place + 1)
    return ranks


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_approaches_the_mean_over_every_gallery_that_can_be_drawn(world, seed: int, ties: bool) -> None:
    query, gallery = world(seed, queries=8, gallery=14, people=4, ties=ties)
    expected = exact(query, gallery)
    metrics = evaluate_single_shot(query, gallery, repeats=4000)
    assert sorted({int(row) for row in metrics.queries}) == sorted(expected)
    for k in (1, 2, 3):
        share = np.mean([np.mean(np.array(ranks) <= k) for ranks in expected.values()])
        assert metrics.rank(k) == pytest.approx(share, abs=0.02)
    reciprocal = np.mean([np.mean(1 / np.array(ranks)) for ranks in expected.values()])
    assert metrics.map == pytest.approx(reciprocal, abs=0.02)


def arrays(metrics: Metrics) -> list[np.ndarray]:
    return [getattr(metrics, name) for name in ("queries", "first_match", "ap", "ap_trapezoid", "inp")]


def test_a_gallery_of_single_images_is_ranked_as_it_is(world) -> None:
    query, gallery = world(0, queries=2 * BLOCK + 3, gallery=200)
    _, first = np.unique(gallery.identities, return_index=True)
    keep = first[gallery.identities[first] > 0]
    shown = Features(gallery.vectors[keep], gallery.identities[keep], np.full(len(keep), 9))
    once = evaluate(query, shown)
    for metrics in (evaluate_single_shot(query, shown, repeats=1), evaluate_single_shot(query, shown, repeats=5)):
        repeats = len(metrics.queries) // len(once.queries)
        for got, expected in zip(arrays(metrics), arrays(once), strict=True):
            assert got.tolist() == pytest.approx(np.repeat(expected, repeats).tolist())
        assert metrics.gallery_size == len(keep)
        assert metrics.as_dict()["queries"] == len(query)
        assert f"| {len(query)} queries, {len(keep)} gallery |" in str(metrics)


def test_the_seed_decides(world) -> None:
    query, gallery = world(0)
    one, same, other = (evaluate_single_shot(query, gallery, repeats=9, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(one.first_match, same.first_match)
    assert not np.array_equal(one.first_match, other.first_match)
    assert len(evaluate_single_shot(query, gallery).queries) == 100 * len(one.queries) / 9, "as the paper draws"


def test_junk_is_never_drawn_and_every_distractor_is() -> None:
    angles = np.array([0.1, 0.2, 0.3, 0.4])
    gallery = Features.normalised(np.stack([np.cos(angles), np.sin(angles)], 1), [-1, 0, 0, 7], [2, 2, 2, 2])
    query = Features(np.float32([[1, 0]]), np.array([7]), np.array([1]))
    metrics = evaluate_single_shot(query, gallery, repeats=3)
    assert metrics.first_match.tolist() == [3, 3, 3]
    assert metrics.gallery_size == 3


def test_says_why_queries_are_skipped_and_refuses() -> None:
    one = np.float32([[1, 0]])
    gallery = Features(np.tile(one, (2, 1)), np.array([7, 8]), np.array([1, 2]))
    query = Features(np.tile(one, (4, 1)), np.array([7, 8, 9, 0]), np.array([1, 1, 1, 1]))
    metrics = evaluate_single_shot(query, gallery)
    assert set(metrics.queries.tolist()) == {1}
    assert {row: reason.split()[-1] for row, reason in metrics.skipped.items()} == {
        0: "camera",
        2: "gallery",
        3: "0)",
    }
    with pytest.raises(
        MaskreidError, match=r"all 1 queries were skipped, .* \(1: identity only in the same camera\)"
    ):
        evaluate_single_shot(Features(one, np.array([7]), np.array([1])), gallery)
    with pytest.raises(MaskreidError, match="nothing but junk"):
        evaluate_single_shot(query, Features(one, np.array([-1]), np.array([1])))
    with pytest.raises(MaskreidError, match="repeats: expected at least 1"):
        evaluate_single_shot(query, gallery, repeats=0)


def test_nobody_searches_for_a_distractor() -> None:
    shown = Features(np.float32([[1, 0], [0, 1]]), np.array([0, 7]), np.array([2, 2]))
    query = Features(shown.vectors, shown.identities, np.array([1, 1]))
    metrics = evaluate_single_shot(query, shown, repeats=1)
    assert metrics.queries.tolist() == [1]
    assert metrics.skipped[0].startswith("query is junk or a distractor")


def test_refuses_features_that_cannot_be_judged() -> None:
    two = Features(np.float32([[1, 0], [0, 1]]), np.array([7, 7]), np.array([1, 2]), model="a")
    with pytest.raises(MaskreidError, match="expected paths"):
        evaluate_single_shot(two, two, ALL_VS_ALL)
    with pytest.raises(MaskreidError, match="made by model a, gallery features by b"):
        evaluate_single_shot(two, Features(two.vectors, two.identities, two.cameras, model="b"))
