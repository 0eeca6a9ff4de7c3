"""Few files, old versions gone, and indexes that hold nearly every row."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module
from pathlib import Path

import pytest
from made_up import put, unit

from maskreid.gallery import Filter, Gallery, label
from maskreid.gallery.lock import writing
from maskreid.gallery.tend import PARTITIONS, build_indexes, partitions_for, tend, tend_files

tending = import_module("maskreid.gallery.tend")


def indexed(gallery: Gallery) -> dict[str, int]:
    """How many rows are not in each index."""
    table = gallery.table
    return {index.name: table.index_stats(index.name).num_unindexed_rows for index in table.list_indices()}


def files(gallery: Gallery) -> int:
    return len(gallery.table.to_lance().get_fragments())


@pytest.mark.parametrize(("entries", "made"), [(29, False), (30, True)])
def test_indexes_are_made_from_so_many_entries_on(
    empty: Gallery, monkeypatch: pytest.MonkeyPatch, entries: int, made: bool
) -> None:
    monkeypatch.setattr(tending, "INDEX_FROM", 30)
    put(empty, unit(entries))
    tend(empty)
    names = {"feature_idx", "id_idx", "time_idx", "camera_idx"}
    assert indexed(empty) == (dict.fromkeys(names, 0) if made else {})


@pytest.mark.parametrize(("more", "behind"), [(5, 5), (6, 0)])
def test_an_index_that_lacks_more_than_a_twentieth_of_the_rows_is_made_anew(
    empty: Gallery, more: int, behind: int
) -> None:
    """5 of 105 rows are less, 6 of 106 are more."""
    put(empty, unit(100))
    build_indexes(empty)
    put(empty, unit(more, seed=1), name="later")
    tend(empty)
    assert indexed(empty)["feature_idx"] == behind


def test_indexes_are_made_as_one_says(empty: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tending, "INDEX_FROM", 30)
    made: list[Gallery] = []
    put(empty, unit(29))
    tend(empty, made.append)
    assert made == []
    put(empty, unit(1, seed=1), name="later")
    tend(empty, made.append)
    assert made == [empty]
    assert indexed(empty) == {}


@pytest.mark.parametrize(
    ("entries", "partitions"), [(0, 1), (50, 1), (600, 3), (10_000, 50), (10_000_000, PARTITIONS)]
)
def test_a_partition_holds_about_two_hundred(entries: int, partitions: int) -> None:
    assert partitions_for(entries) == partitions


def test_versions_go_when_no_reader_can_still_be_at_them(empty: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    for part in range(3):
        put(empty, unit(2, seed=part), name=f"part{part}-")
    assert files(empty) == 3
    tend(empty)
    assert files(empty) == 1
    assert len(empty.table.to_lance().versions()) > 3  # made within the hour
    monkeypatch.setattr(tending, "READERS", timedelta(0))
    tend(empty)
    assert len(empty.table.to_lance().versions()) == 1


def test_an_hour_is_kept_for_readers() -> None:
    assert timedelta(hours=1) == tending.READERS


@pytest.mark.parametrize("place", ["disk", "bucket"])
def test_files_of_no_version_stay_where_a_writer_cannot_be_seen(tmp_path: Path, model: str, place: str) -> None:
    """On a disk the lock says that nobody writes; the bucket is a folder that goes by an address."""
    gallery = Gallery.create(tmp_path / "g", model)
    put(gallery, unit(3))
    stray = next((tmp_path / "g").rglob("data")) / "stray.lance"
    stray.write_bytes(b"left")
    if place == "bucket":
        gallery.path = "s3://bucket/people"
    tend(gallery)
    assert stray.exists() == (place == "bucket")


def test_few_files_are_left_alone_and_many_are_joined(empty: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tending, "SMALL", 4)
    for part in range(4):
        put(empty, unit(1, seed=part), name=f"part{part}-")
    tend_files(empty)
    assert files(empty) == 4
    put(empty, unit(1), name="last")
    tend_files(empty)
    assert files(empty) == 1


def test_joining_files_makes_no_index(empty: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    """A judgement would wait for it."""
    monkeypatch.setattr(tending, "INDEX_FROM", 1)
    monkeypatch.setattr(tending, "SMALL", 0)
    put(empty, unit(3))
    tend_files(empty)
    assert indexed(empty) == {}


def test_what_was_judged_beside_a_writer_is_not_undone_by_it(empty: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files cannot be joined then; the next judgement tries again."""
    monkeypatch.setattr(tending, "SMALL", 0)
    put(empty, unit(2), cameras=[1, 2])
    with writing(empty.path):
        assert label(empty, Filter(cameras=(1,)), "ann") == 1
        assert files(empty) > 1
    assert label(empty, Filter(cameras=(2,)), "bob") == 1
    assert files(empty) == 1
