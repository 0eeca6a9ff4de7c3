"""Deleted means: not in any file."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from lance import LanceDataset
from made_up import put, unit

from maskreid.errors import MaskreidError
from maskreid.gallery import Filter, Gallery, enrol, expire, features_of, label, remove, same, search, verify
from maskreid.gallery.erase import unfinished
from maskreid.gallery.lock import writing
from maskreid.gallery.schema import ERASING
from maskreid.gallery.tend import build_indexes
from maskreid.images import Dataset


def _killed(*_: object) -> None:
    raise KeyboardInterrupt


def holding(folder: str, needle: bytes) -> list[str]:
    """The files that contain these bytes."""
    return [str(path) for path in Path(folder).rglob("*") if path.is_file() and needle in path.read_bytes()]


@pytest.mark.parametrize("indexed", [False, True])
def test_nothing_of_it_is_left_in_any_file(empty: Gallery, indexed: bool) -> None:
    vectors = unit(500)
    ids = put(empty, vectors, identities=[f"person {row}" for row in range(500)])
    put(empty, unit(3, seed=9), name="later")
    if indexed:
        build_indexes(empty)
    gone, stays = vectors[123].tobytes(), vectors[124].tobytes()
    assert holding(empty.path, gone)
    assert holding(empty.path, ids[123].encode())
    assert remove(empty, Filter(ids=(ids[123],))) == 1
    assert not holding(empty.path, gone)
    assert not holding(empty.path, b"person 123")
    assert holding(empty.path, stays)
    assert len(empty) == 502
    found = verify(empty)
    assert found.ok
    assert found.versions == 1
    assert ids[123] not in {hit.entry.id for hit in search(empty, vectors[123:124], top=503)[0]}
    assert len(search(empty, vectors[123:124], top=503)[0]) == 502


def test_thumbnails_go_too(filled: Gallery) -> None:
    (row,) = filled.table.search().limit(1).to_list()
    assert holding(filled.path, row["thumbnail"])
    remove(filled, Filter(ids=(row["id"],)))
    assert not holding(filled.path, row["thumbnail"])


def test_what_is_removed_can_be_enrolled_again(filled: Gallery, world: Dataset) -> None:
    everyone = len(filled)
    count = remove(filled, Filter(cameras=(1,)))
    assert 0 < count < everyone == count + len(filled)
    assert enrol(filled, world, splits=["gallery"]).added == count


def test_all_at_once(filled: Gallery) -> None:
    everyone = len(filled)
    assert remove(filled, Filter(not_cameras=(77,))) == everyone
    assert (len(filled), verify(filled).ok) == (0, True)


def test_everything_by_accident_is_refused(filled: Gallery) -> None:
    everyone = len(filled)
    with pytest.raises(MaskreidError, match="say which entries"):
        remove(filled, Filter())
    assert len(filled) == everyone


@pytest.mark.parametrize("indexed", [False, True])
@pytest.mark.parametrize("cut", ["delete", "list_indices", "build_indexes", "forget"])
@pytest.mark.parametrize("by", [remove, expire])
def test_a_removal_that_was_killed_is_finished_by_the_next(
    empty: Gallery, monkeypatch: pytest.MonkeyPatch, cut: str, indexed: bool, by: Callable[..., int]
) -> None:
    """Wherever it was cut off, `verify` tells, and the same call finishes."""
    if cut == "build_indexes" and not indexed:
        pytest.skip("there is none to build")
    vectors = unit(500)
    ids = put(empty, vectors[1:], name="new")
    (old,) = put(empty, vectors[:1], name="old", added=datetime.now(UTC) - timedelta(days=31))
    assert old not in ids
    if indexed:
        build_indexes(empty)
    asked = {remove: Filter(ids=(old,)), expire: timedelta(days=30)}[by]
    with monkeypatch.context() as patched:
        if cut in ("delete", "list_indices"):
            patched.setattr(empty.table, cut, _killed)
        else:
            patched.setattr(f"maskreid.gallery.erase.{cut}", _killed)
        with pytest.raises(KeyboardInterrupt):
            by(empty, asked)
    found = verify(empty)
    assert not found.ok
    assert "a removal was cut off, so removed entries may still be in files; repeat it" in str(found)
    assert by(empty, asked) == (cut == "delete")  # how many were still to be deleted
    found = verify(empty)
    assert (found.ok, found.versions, found.rows) == (True, 1, 499)
    assert not holding(empty.path, vectors[0].tobytes())
    assert holding(empty.path, vectors[1].tobytes())


def test_a_removal_that_the_disk_is_too_small_for_says_that_it_is_not_finished(
    empty: Gallery, request: pytest.FixtureRequest
) -> None:
    ids = put(empty, unit(500))
    request.getfixturevalue("small_disk")
    with pytest.raises(MaskreidError, match="the removal is not finished, and what it removes may still"):
        remove(empty, Filter(ids=(ids[0],)))


def test_a_damaged_judgement_stops_a_removal_before_it_begins(empty: Gallery) -> None:
    ids = put(empty, unit(3))
    same(empty, ids[:2], "ann")
    with Path(empty.path, "judgements.jsonl").open("a") as file:
        file.write("{}\n")
    with pytest.raises(MaskreidError, match="line 2 is no judgement"):
        remove(empty, Filter(ids=(ids[0],)))
    assert len(empty) == 3
    assert not unfinished(empty)


def test_expiry_by_when_it_was_added_or_seen(empty: Gallery) -> None:
    now = datetime.now(UTC)
    put(empty, unit(2), added=now - timedelta(days=31), name="old")
    put(empty, unit(2, seed=1), times=[now.timestamp() - 90 * 86400, None], name="new")
    assert expire(empty, timedelta(days=30)) == 2
    assert {entry.path for entry in empty.entries()} == {"new0", "new1"}
    assert expire(empty, timedelta(days=100), by="time") == 0
    assert expire(empty, timedelta(days=30), by="time") == 1
    assert {entry.path for entry in empty.entries()} == {"new1"}
    assert verify(empty).ok


def test_nothing_is_as_old_as_the_calendar(empty: Gallery) -> None:
    put(empty, unit(2), times=[1e9, None])
    for by in ("added", "time"):
        assert expire(empty, timedelta(days=700_000), by=by) == 0  # in the first century
    with pytest.raises(MaskreidError, match="999,999 days ago is before the first year"):
        expire(empty, timedelta(days=999_999))


def test_frame_numbers_are_no_dates(empty: Gallery) -> None:
    put(empty, unit(1), times=[12345.0])
    assert expire(empty, timedelta(days=30), by="time") == 0


def test_not_while_others_add(filled: Gallery) -> None:
    with writing(filled.path), pytest.raises(MaskreidError, match="another process is adding or removing"):
        remove(filled, Filter(cameras=(1,)))
    removing = pytest.raises(MaskreidError, match="another process is removing")
    with writing(filled.path, alone=True), removing, writing(filled.path):
        pytest.fail("two at once")


def test_deletions_are_logged_if_that_was_wanted(tmp_path: Path, model: str) -> None:
    gallery = Gallery.create(tmp_path / "watched", model, audit=True)
    put(gallery, unit(3), cameras=[1, 2, 2])
    remove(gallery, Filter(cameras=(2,)))
    expire(gallery, timedelta(days=1))
    first, second = map(json.loads, (tmp_path / "watched" / "audit.jsonl").read_text().splitlines())
    assert (first["removed"], first["entries"]) == ("(camera IN (2))", 2)
    assert second["entries"] == 0
    assert "added <" in second["expired"]


def test_a_reader_sees_a_removal_at_once(filled: Gallery) -> None:
    reader = Gallery(filled.path)
    entry = reader.entries(limit=1)[0]
    vector = features_of(reader, [entry.id])[entry.id]
    remove(filled, Filter(ids=(entry.id,)))
    assert entry.id not in {hit.entry.id for hit in search(reader, np.array([vector]), top=1000)[0]}


def test_what_was_killed_while_it_was_erased_is_in_the_log(
    tmp_path: Path, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    gallery = Gallery.create(tmp_path / "watched", model, audit=True)
    (id_, *_) = put(gallery, unit(3))
    log = tmp_path / "watched" / "audit.jsonl"
    with monkeypatch.context() as patched:
        patched.setattr("maskreid.gallery.erase.forget", _killed)
        with pytest.raises(KeyboardInterrupt):
            remove(gallery, Filter(ids=(id_,)))
    assert [json.loads(line)["entries"] for line in log.read_text().splitlines()] == [1]
    log.write_bytes(log.read_bytes() + b'{"when": "2026')  # a full disk's
    assert remove(gallery, Filter(ids=(id_,))) == 0
    assert [json.loads(line)["entries"] for line in log.read_text().splitlines()] == [1, 0]


def test_nothing_goes_that_cannot_be_logged(tmp_path: Path, model: str) -> None:
    gallery = Gallery.create(tmp_path / "watched", model, audit=True)
    (id_, *_) = put(gallery, unit(3), identities=["ann"] * 3)
    (tmp_path / "watched" / "audit.jsonl").mkdir()
    with pytest.raises(MaskreidError, match="watched: "):
        remove(gallery, Filter(ids=(id_,)))
    with pytest.raises(MaskreidError, match="watched: "):
        label(gallery, Filter(ids=(id_,)), "bob")
    assert [entry.identity for entry in gallery.entries()] == ["ann"] * 3


def test_a_time_to_come_removes_nobody(empty: Gallery) -> None:
    put(empty, unit(3))
    with pytest.raises(MaskreidError, match="expected how long ago, 0 or more, got -1 day"):
        expire(empty, timedelta(hours=-1))
    with pytest.raises(MaskreidError, match='expected by to be "added" or "time"'):
        expire(empty, timedelta(0), "enrolled")  # type: ignore[arg-type]
    assert len(empty) == 3


def test_everything_is_older_than_no_time(empty: Gallery) -> None:
    put(empty, unit(2))
    assert expire(empty, timedelta(0)) == 2


@pytest.mark.parametrize(
    ("place", "alone", "left"), [("disk", False, False), ("bucket", False, True), ("bucket", True, False)]
)
def test_files_of_no_version_go_where_nobody_else_can_be_writing(
    tmp_path: Path, model: str, place: str, alone: bool, left: bool
) -> None:
    """A bucket cannot tell who writes; this one is a folder that goes by an address."""
    gallery = Gallery.create(tmp_path / "g", model)
    put(gallery, unit(2), cameras=[1, 2])
    stray = next((tmp_path / "g").rglob("data")) / "stray.lance"
    stray.write_bytes(b"left")
    if place == "bucket":
        gallery.path = "s3://bucket/people"
    assert remove(gallery, Filter(cameras=(2,)), alone=alone) == 1
    assert stray.exists() == left


def test_a_removal_passes_for_finished_when_nothing_is_left(empty: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed right after the mark of an unfinished one is taken away."""
    vectors = unit(500)
    ids = put(empty, vectors)
    update = LanceDataset.update_config

    def killed(dataset: LanceDataset, values: dict[str, str | None]) -> None:
        update(dataset, values)
        if values == {ERASING: None}:
            raise KeyboardInterrupt

    monkeypatch.setattr(LanceDataset, "update_config", killed)
    with pytest.raises(KeyboardInterrupt):
        remove(empty, Filter(ids=(ids[123],)))
    assert not unfinished(empty)
    assert not holding(empty.path, vectors[123].tobytes())
