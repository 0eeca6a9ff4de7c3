from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np
import pytest
from made_up import put, unit

from maskreid.errors import MaskreidError
from maskreid.gallery import Asker, Entry, Filter, Gallery, browse, duplicates, occlusion, remove
from maskreid.gallery.listing import Order
from maskreid.images import Dataset, read_image


def test_orders_and_pages(empty: Gallery) -> None:
    ids = put(empty, unit(5), cameras=[2, 1, 2, 1, 3], times=[5.0, 4.0, None, 2.0, 1.0])
    by_time = browse(empty, order="time")
    assert [entry.time for entry in by_time.entries] == [1, 2, 4, 5, None]
    by_camera = browse(empty, order="camera")
    assert [(entry.camera, entry.time) for entry in by_camera.entries] == [(1, 2), (1, 4), (2, 5), (2, None), (3, 1)]
    pages = [browse(empty, offset=offset, limit=2) for offset in (0, 2, 4, 6)]
    assert [page.total for page in pages] == [5] * 4
    assert sorted(entry.id for page in pages for entry in page.entries) == sorted(ids)
    assert browse(empty, Filter(cameras=(1,)), order="time").total == 2
    assert browse(empty, Filter(cameras=(9,))).entries == []
    with pytest.raises(MaskreidError, match=r"expected the order added, time, camera, coverage, got 'age'"):
        browse(empty, order="age")  # type: ignore[arg-type]
    for wrong, message in (
        ({"offset": -1}, "offset: expected at least 0"),
        ({"limit": 0}, "limit: expected at least 1"),
    ):
        with pytest.raises(MaskreidError, match=message):
            browse(empty, **wrong)


@pytest.mark.parametrize("order", ["added", "time", "camera", "coverage"])
def test_pages_of_every_order_are_those_of_a_plain_sort(empty: Gallery, order: Order) -> None:
    """Ties, missing times, several files and removed rows included."""
    rng = np.random.default_rng(4)
    for part in range(3):
        times = [None if number > 6 else float(number) for number in rng.integers(0, 9, 40)]
        put(empty, unit(40), rng.integers(-1, 3, 40).tolist(), times, added=datetime(2026, 1, part + 1, tzinfo=UTC))
        put(empty, unit(40), rng.integers(-1, 3, 40).tolist(), times, name=f"more{part}-")
    remove(empty, Filter(cameras=(2,), after=3))
    where = Filter(cameras=(0, 1, 2))
    keys: dict[Order, Callable[[Entry], tuple[object, ...]]] = {
        "added": lambda entry: (-entry.added.timestamp(), entry.id),
        "time": lambda entry: (entry.time is None, entry.time, entry.id),
        "camera": lambda entry: (entry.camera, entry.time is None, entry.time, entry.id),
        "coverage": lambda entry: (entry.coverage, entry.id),
    }
    expected = sorted(empty.entries(where), key=keys[order])
    assert len(expected) > 60
    offsets = range(0, len(expected) + 25, 25)
    paged = [browse(empty, where, order=order, offset=offset, limit=25) for offset in offsets]
    assert [entry for page in paged for entry in page.entries] == expected
    assert {page.total for page in paged} == {len(expected)}
    assert browse(empty, where, order=order, offset=1 << 40).entries == []


def test_poor_masks(filled: Gallery) -> None:
    found = browse(filled, Filter(poor_mask=True), order="coverage", limit=1000)
    everybody = filled.entries()
    assert {entry.id for entry in found.entries} == {
        entry.id for entry in everybody if entry.coverage < 0.08 or entry.coverage > 0.75
    }
    shares = [entry.coverage for entry in browse(filled, order="coverage", limit=1000).entries]
    assert shares == sorted(entry.coverage for entry in everybody)


def test_duplicates_are_all_pairs_above_the_limit(empty: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = unit(40)
    vectors[7] = vectors[31]
    vectors[12] = 0.999 * vectors[3] + 0.02 * vectors[4]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    ids = put(empty, vectors)
    monkeypatch.setattr("maskreid.gallery.listing.BLOCK", 6)
    found = duplicates(empty, least=0.99)
    assert [{a.id, b.id} for _, a, b in found] == [{ids[7], ids[31]}, {ids[3], ids[12]}]
    assert found[0][0] == pytest.approx(1, abs=1e-5)
    monkeypatch.setattr("maskreid.gallery.listing.MOST", 39)
    monkeypatch.setattr("maskreid.gallery.listing.all_features", pytest.fail)  # a million features are gigabytes
    with pytest.raises(MaskreidError, match="too many"):
        duplicates(empty)


@pytest.mark.parametrize("most", [1, 7, 500])
def test_the_most_alike_pairs_are_those_of_all_pairs(
    empty: Gallery, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    vectors = unit(30, seed=2)
    ids = put(empty, vectors)
    monkeypatch.setattr("maskreid.gallery.listing.BLOCK", 7)
    found = duplicates(empty, least=0.2, most=most)
    pairs = [(float(vectors[a] @ vectors[b]), {ids[a], ids[b]}) for a in range(30) for b in range(a)]
    expected = sorted((pair for pair in pairs if pair[0] >= 0.2), key=lambda pair: -pair[0])[:most]
    assert [{a.id, b.id} for _, a, b in found] == [pair for _, pair in expected]
    assert [score for score, _, _ in found] == pytest.approx([score for score, _ in expected], abs=1e-6)
    assert duplicates(empty, most=0) == []


def test_a_crowd_of_one_person_takes_no_more_memory(empty: Gallery) -> None:
    """Every pair of 3,000 is alike, 4.5 million; only a few are kept at any time."""
    vectors = unit(1) + 1e-3 * unit(3000, seed=3)
    put(empty, vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
    tracemalloc.start()
    try:
        assert len(duplicates(empty, most=10)) == 10
        assert tracemalloc.get_traced_memory()[1] < 100 << 20
    finally:
        tracemalloc.stop()


def test_occlusion_finds_the_only_region_that_counts(filled: Gallery, world: Dataset) -> None:
    """With a model that sees one corner only, covering that corner loses likeness, and nothing else does."""

    class Corner:
        def vectors(self, pictures: list[np.ndarray], masks: list[np.ndarray]) -> np.ndarray:
            seen = np.array([[float((each[:8, :8] == pictures[0][:8, :8]).mean()), 1.0] for each in pictures])
            return (seen / np.linalg.norm(seen, axis=1, keepdims=True)).astype(np.float32)

    picture = read_image(world.source, world.splits["query"][0].path)
    mask = np.ones(picture.shape[:2], np.bool_)
    corner = Corner()
    other = corner.vectors([picture], [mask])
    lost = occlusion(corner, picture, mask, other)  # type: ignore[arg-type]
    assert lost.argmax() == 0
    assert lost[0, 0] > 0.05
    assert np.abs(lost[4:, 4:]).max() == 0
    real = Asker(filled)
    assert np.isfinite(occlusion(real, picture, real.mask(picture), real.vector(picture, mask))).all()
