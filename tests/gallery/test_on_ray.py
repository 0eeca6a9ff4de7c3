"""Search on a Ray cluster of two nodes finds what a search here finds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from made_up import put, unit

from maskreid.errors import MaskreidError
from maskreid.gallery import Filter, Gallery, search
from maskreid.gallery.nearest import FEW
from maskreid.gallery.on_ray import connected, index_on_ray, nearest_on_ray
from maskreid.gallery.tend import FEATURE_INDEX


@pytest.fixture(scope="module")
def on_cluster(cluster: str) -> Iterator[None]:
    with connected(cluster):
        yield


@pytest.fixture
def rows(empty: Gallery) -> Gallery:
    """300 entries in three files."""
    for part in range(3):
        put(empty, unit(100, seed=part), cameras=[1 + row % 3 for row in range(100)], name=f"part{part}-")
    return empty


def assert_same(gallery: Gallery, queries: np.ndarray, top: int = 10, **asked: object) -> None:
    here = search(gallery, queries, top=top, **asked)
    there = search(gallery, queries, top=top, find=nearest_on_ray, **asked)
    assert [[hit.entry.id for hit in hits] for hits in there] == [[hit.entry.id for hit in hits] for hits in here]
    for ours, theirs in zip(here, there, strict=True):
        np.testing.assert_allclose([x.similarity for x in ours], [x.similarity for x in theirs], atol=1e-6)


@pytest.mark.usefixtures("on_cluster")
def test_with_and_without_and_beside_an_index(rows: Gallery) -> None:
    few, many = unit(2, seed=9), unit(FEW + 1, seed=9)
    assert_same(rows, few)
    index_on_ray(rows, workers=2)
    index = {each.name: each for each in rows.table.list_indices()}[FEATURE_INDEX]
    assert (index.num_indexed_rows, index.num_segments) == (300, 2)
    assert_same(rows, few)
    put(rows, np.concatenate([unit(40, seed=5), few]), name="later-")  # not in the index; two of them are the best
    assert_same(rows, few)
    assert_same(rows, many)
    assert_same(rows, few, where=Filter(cameras=(2,)))
    assert_same(rows, many, where=Filter(cameras=(2,)))
    assert_same(rows, few, reranking=True)
    assert_same(rows, few, top=1000)
    assert_same(rows, few, where=Filter(cameras=(9,)))
    approximate = search(rows, few, probes=1, find=nearest_on_ray)
    assert [hits[0].entry.path for hits in approximate] == ["later-40", "later-41"]


@pytest.mark.usefixtures("on_cluster")
def test_an_empty_gallery(empty: Gallery) -> None:
    assert search(empty, unit(1), find=nearest_on_ray) == [[]]


@pytest.mark.usefixtures("on_cluster")
def test_what_a_worker_says_is_one_line(rows: Gallery) -> None:
    import shutil

    shutil.rmtree(Path(rows.path) / "images.lance" / "data")
    with pytest.raises(MaskreidError, match="a file is gone") as error:
        search(rows, unit(1), find=nearest_on_ray)
    assert "\n" not in str(error.value)
