"""Each item's nearest items: the exact search, the device's and the approximate one, against a stable sort."""

from __future__ import annotations

import numpy as np
import pytest

from maskreid.errors import MaskreidError
from maskreid.progress import silent
from maskreid.retrieval import approximate_search, device_search, exact_search, rerank
from maskreid.retrieval import neighbours as file

SEARCHES = {
    "exact": exact_search,
    "torch": device_search("cpu"),
    "approximate, all cells": approximate_search(probes=1000),
}


def sorted_neighbours(vectors: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Nearest items by a stable sort, and the largest distance, item by item."""
    nearest, largest = [], []
    for item, vector in enumerate(vectors):
        distances = [max(2 - 2 * float(vector @ other), 0) for other in vectors]
        others = [other for other in range(len(vectors)) if other != item]
        nearest.append([item, *sorted(others, key=lambda other, d=distances: (d[other], other))][:count])
        largest.append(max(distances))
    return np.array(nearest), np.array(largest)


@pytest.fixture(params=["no ties", "ties"])
def vectors(request, world) -> np.ndarray:
    query, gallery = world(0, 20, 180, ties=request.param == "ties")
    return np.concatenate((query.vectors, gallery.vectors))


@pytest.mark.parametrize(("name", "tile"), [*((name, 2048) for name in SEARCHES), ("exact", 7), ("exact", 64)])
@pytest.mark.parametrize("count", [2, 21, 200])
def test_finds_what_a_stable_sort_finds(monkeypatch, vectors: np.ndarray, name: str, tile: int, count: int) -> None:
    monkeypatch.setattr(file, "TILE", tile)
    found = SEARCHES[name](vectors, count, silent)
    nearest, largest = sorted_neighbours(vectors, count)
    assert np.array_equal(found.nearest, nearest)
    if name.startswith("approximate"):
        assert (found.largest <= largest + 1e-6).all(), "a sample's farthest is no farther"
    else:
        assert found.largest == pytest.approx(largest, abs=1e-6)


@pytest.mark.parametrize("name", SEARCHES)
def test_items_that_are_all_alike_come_in_order(name: str) -> None:
    found = SEARCHES[name](np.tile(np.float32([[0.6, 0.8]]), (9, 1)), 3, silent)
    assert found.nearest.tolist() == [[0, 1, 2], [1, 0, 2], *([item, 0, 1] for item in range(2, 9))]
    assert (found.largest > 0).all(), "distances are divided by it"


def test_few_probes_find_most_neighbours_of_people_who_cluster(world) -> None:
    query, gallery = world(1, 200, 1800, noise=0.2, people=60)
    vectors = np.concatenate((query.vectors, gallery.vectors))
    exact, approximate = exact_search(vectors, 21, silent), approximate_search(probes=8)(vectors, 21, silent)
    shared = [len(np.intersect1d(*rows)) for rows in zip(exact.nearest, approximate.nearest, strict=True)]
    assert np.mean(shared) > 0.9 * 21
    assert (approximate.nearest >= 0).all()
    assert approximate.largest == pytest.approx(exact.largest, rel=0.05)


def test_lists_are_full_even_where_the_nearest_cell_is_small(world) -> None:
    query, gallery = world(2, 20, 60)
    vectors = np.concatenate((query.vectors, gallery.vectors))
    nearest = approximate_search(probes=1)(vectors, 60, silent).nearest
    assert all(len(set(row)) == 60 and row.min() >= 0 for row in nearest)


def test_the_same_seed_finds_the_same(world) -> None:
    query, _ = world(3, 300)
    one, other = (approximate_search(probes=2, seed=5)(query.vectors, 10, silent) for _ in range(2))
    assert np.array_equal(one.nearest, other.nearest)


@pytest.mark.parametrize(("search", "off"), [(device_search("cpu"), 1e-6), (approximate_search(probes=1000), 1e-2)])
def test_reranking_takes_any_search(world, search, off) -> None:
    query, gallery = world(0, 30, 300, noise=0.9, people=12)
    exact, other = rerank(query, gallery).evaluate(), rerank(query, gallery, search=search).evaluate()
    assert other.map == pytest.approx(exact.map, abs=off)


def test_refuses() -> None:
    with pytest.raises(MaskreidError, match="probes: expected at least 1, got 0"):
        approximate_search(probes=0)
    with pytest.raises(MaskreidError, match="device 'nowhere'"):
        device_search("nowhere")(np.eye(3, dtype=np.float32), 2, silent)


def test_reports_progress(world) -> None:
    seen = []

    def progress(items, *, total: int, what: str, unit: str):
        seen.append((what, unit, total))
        return items

    rerank(*world(0), progress=progress)
    assert seen == [("searching neighbours", "tile", 1)]
