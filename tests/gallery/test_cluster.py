from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module

import numpy as np
import pytest
from made_up import put, unit

from maskreid.errors import MaskreidError
from maskreid.gallery import Filter, Gallery, cluster, verify
from maskreid.gallery.cluster import group
from maskreid.gallery.lock import numbering, writing

room = import_module("maskreid.gallery.cluster")  # the name is a function's, too


def people(sizes: list[int], seed: int = 0) -> np.ndarray:
    """Tight groups of these sizes, far from each other."""
    rng = np.random.default_rng(seed)
    vectors = np.repeat(np.eye(len(sizes), 16, dtype=np.float32), sizes, axis=0)
    vectors = vectors + 0.03 * rng.normal(size=vectors.shape).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_each_person_is_a_group_and_the_largest_is_first(empty: Gallery) -> None:
    put(empty, people([22, 30, 25]), identities=["ann"] * 22 + [None] * 55)
    found = cluster(empty)
    assert (found.groups, found.grouped, found.alone) == (3, 77, 0)
    names = {entry.path: entry.cluster for entry in empty.entries()}
    assert [names[f"row{row}"] for row in range(77)] == ["c3"] * 22 + ["c1"] * 30 + ["c2"] * 25
    assert {entry.identity for entry in empty.entries(Filter(clusters=("c3",)))} == {"ann"}
    assert verify(empty).ok


def test_who_is_like_nobody_is_in_no_group() -> None:
    vectors = np.concatenate((people([24, 24]), unit(1, seed=5)))
    assert group(vectors, 0.5, 4).tolist() == [0] * 24 + [1] * 24 + [-1]


def test_again_replaces_and_leaves_the_others(empty: Gallery) -> None:
    put(empty, people([24, 24]), cameras=[1] * 24 + [2] * 24)
    cluster(empty)
    cluster(empty, Filter(cameras=(2,)), fewest=30)
    assert {(entry.camera, entry.cluster) for entry in empty.entries()} == {(1, "c1"), (2, None)}


def test_groups_of_two_parts_have_names_of_their_own(empty: Gallery) -> None:
    put(empty, people([30, 26, 24, 22]), cameras=[1] * 56 + [2] * 46)
    assert [cluster(empty, Filter(cameras=(camera,))).first for camera in (1, 2, 1)] == [1, 3, 5]
    names = {camera: {e.cluster for e in empty.entries(Filter(cameras=(camera,)))} for camera in (1, 2)}
    assert names == {1: {"c5", "c6"}, 2: {"c3", "c4"}}
    assert cluster(empty).first == 1


@pytest.mark.parametrize("count", [1, 2])
def test_almost_nobody(empty: Gallery, count: int) -> None:
    put(empty, unit(count))
    assert str(cluster(empty)) == f"0 groups of 0 entries, {count} entries in none"


def test_what_cannot_be_grouped(empty: Gallery) -> None:
    with pytest.raises(MaskreidError, match="no entry passes"):
        cluster(empty)
    with pytest.raises(MaskreidError, match="0 < eps <= 1"):
        cluster(empty, eps=0)
    with pytest.raises(MaskreidError, match="fewest >= 1"):
        cluster(empty, fewest=0)
    with pytest.raises(MaskreidError, match=r"0 < eps <= 1.* got 1\.1"):
        cluster(empty, eps=1.1)


def test_one_neighbour_at_any_distance_is_enough_if_one_says_so(empty: Gallery) -> None:
    put(empty, unit(5))
    assert str(cluster(empty, eps=1, fewest=1)) == "1 groups of 5 entries, 0 entries in none"


def test_distances_in_several_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = people([22, 30, 25])
    whole = group(vectors, 0.5, 4).tolist()
    assert whole == [2] * 22 + [0] * 30 + [1] * 25
    monkeypatch.setattr(room, "ROWS", 7)
    assert group(vectors, 0.5, 4).tolist() == whole


def test_names_go_on_from_the_highest_number_of_others(empty: Gallery) -> None:
    put(empty, people([20, 1, 1, 1]), cameras=[1] * 20 + [2, 3, 4])
    for camera, name in ((1, "c70"), (2, "c9"), (3, "c12")):
        empty.table.update(where=f"camera = {camera}", values={"cluster": name})
    assert cluster(empty, Filter(cameras=(1,))).first == 13
    assert {entry.cluster for entry in empty.entries(Filter(cameras=(1,)))} == {"c13"}


def test_who_groups_waits_for_who_counts_names_or_removes(empty: Gallery) -> None:
    put(empty, people([20]))
    with ThreadPoolExecutor(1) as other:
        with numbering(empty.path):
            grouped = other.submit(cluster, empty)
            with writing(empty.path, alone=True):
                time.sleep(0.5)
            assert not grouped.done()
            assert {entry.cluster for entry in empty.entries()} == {None}
        assert grouped.result(10).first == 1
        with writing(empty.path, alone=True):
            again = other.submit(cluster, empty)
            time.sleep(1.5)  # longer than anybody else waits for a removal
            assert not again.done()
        assert again.result(10).groups == 1
