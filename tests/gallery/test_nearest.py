from __future__ import annotations

import numpy as np
import pytest
from made_up import put, unit

from maskreid.errors import MaskreidError
from maskreid.gallery import Filter, Gallery, features_of
from maskreid.gallery import nearest as room
from maskreid.gallery.nearest import nearest
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
