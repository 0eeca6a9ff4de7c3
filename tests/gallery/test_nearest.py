from __future__ import annotations

import numpy as np
import pytest
from made_up import put, unit

from maskreid.errors import MaskreidError
from maskreid.gallery import Filter, Gallery, features_of, remove
from maskreid.gallery import nearest as room
from maskreid.gallery.nearest import Best, all_features, best_products, nearest, rows_of
from maskreid.gallery.tend import build_indexes


def brute_force(vectors: np.ndarray, entries: np.ndarray, allowed: list[int], top: int) -> list[list[int]]:
    found = []
    for vector in vectors:
        scored = [(-float(np.dot(vector, entries[place])), place) for place in allowed]
        found.append([place for _, place in sorted(scored)[:top]])
    return found


@pytest.mark.parametrize("indexed", ["no index", "indexed", "half indexed"])
@pytest.mark.parametrize("queries", [3, 40])
@pytest.mark.parametrize("filtered", [False, True])
def test_equal_to_brute_force(empty: Gallery, indexed: str, queries: int, filtered: bool) -> None:
    entries = unit(600, seed=1)
    cameras = [1 + place % 3 for place in range(600)]
    put(empty, entries[:300], cameras=cameras[:300], name="a")
    if indexed == "half indexed":
        build_indexes(empty)
    put(empty, entries[300:], cameras=cameras[300:], name="b")
    if indexed == "indexed":
        build_indexes(empty)
    where = Filter(not_cameras=(2,)) if filtered else None
    allowed = [place for place in range(600) if not filtered or cameras[place] != 2]
    vectors = unit(queries, seed=2)
    found = nearest(empty, vectors, 7, where, columns=["id", "path"])
    names = [f"a{place}" for place in range(300)] + [f"b{place}" for place in range(300)]
    expected = brute_force(vectors, entries, allowed, 7)
    for vector, rows, line in zip(vectors, found, expected, strict=True):
        assert [row["path"] for row in rows] == [names[place] for place in line]
        np.testing.assert_allclose([row["similarity"] for row in rows], entries[line] @ vector, atol=2e-6)


@pytest.mark.parametrize("queries", [1, 40])
def test_fewer_entries_than_wanted(empty: Gallery, queries: int) -> None:
    assert nearest(empty, unit(queries), 5) == [[]] * queries
    put(empty, unit(3))
    assert [len(rows) for rows in nearest(empty, unit(queries), 5)] == [3] * queries
    assert nearest(empty, unit(queries), 5, Filter(cameras=(9,))) == [[]] * queries


def test_queries_in_several_blocks(empty: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    entries = unit(50, seed=1)
    put(empty, entries)
    vectors = unit(40, seed=2)
    whole = [[row["id"] for row in rows] for rows in nearest(empty, vectors, 4)]
    monkeypatch.setattr(room, "BLOCK", 7)
    assert [[row["id"] for row in rows] for rows in nearest(empty, vectors, 4)] == whole


def test_features_come_back_as_they_were(empty: Gallery) -> None:
    vectors = unit(20)
    ids = put(empty, vectors)
    found = features_of(empty, ids[5:9])
    assert set(found) == set(ids[5:9])
    for row in range(5, 9):
        np.testing.assert_array_equal(found[ids[row]], vectors[row])
    with pytest.raises(MaskreidError, match=f"there is no entry {'0' * 32}"):
        features_of(empty, ["0" * 32])


def test_the_index_is_searched_in_all_its_partitions(empty: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("maskreid.gallery.tend.PARTITION", 10)  # 60 of them
    put(empty, unit(600))
    build_indexes(empty)
    assert [len(rows) for rows in nearest(empty, unit(2, seed=1), 600)] == [600, 600]


def test_the_best_of_two_are_in_order_and_the_first_wins_a_tie() -> None:
    first = Best(np.array([[0.9, 0.5], [0.2, 0.1]], np.float32), np.array([["a", "b"], ["a", "b"]], object))
    second = Best(np.array([[0.5, 0.7], [0.3, -np.inf]], np.float32), np.array([["c", "d"], ["c", None]], object))
    both = first.joined(second, 3)
    assert both.ids.tolist() == [["a", "d", "b"], ["c", "a", "b"]]
    np.testing.assert_array_equal(both.scores, np.array([[0.9, 0.7, 0.5], [0.3, 0.2, 0.1]], np.float32))
    assert Best.none(2).joined(first, 1).ids.tolist() == [["a"], ["a"]]


def test_what_was_removed_meanwhile_is_left_out(empty: Gallery) -> None:
    vectors = unit(4)
    ids = put(empty, vectors)
    best = best_products(empty.rows(["id", "feature"]), vectors[:1], 9)
    remove(empty, Filter(ids=(ids[0],)))
    (rows,) = rows_of(empty, best, ["path"])
    assert {row["id"] for row in rows} == set(ids[1:])
    assert [row["similarity"] for row in rows] == sorted((row["similarity"] for row in rows), reverse=True)


def test_all_features_are_those_of_the_entries_that_are_meant(empty: Gallery) -> None:
    ids, features = all_features(empty, None)
    assert (ids, features.shape, features.dtype) == ([], (0, 16), np.float32)
    vectors = unit(5)
    everybody = put(empty, vectors, cameras=[1, 2, 1, 2, 1])
    ids, features = all_features(empty, Filter(cameras=(2,)))
    assert ids == [everybody[1], everybody[3]]
    np.testing.assert_array_equal(features, vectors[[1, 3]])
