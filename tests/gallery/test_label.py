from __future__ import annotations

import json
from pathlib import Path

import pytest
from made_up import put, unit

from maskreid.errors import MaskreidError
from maskreid.gallery import Filter, Gallery, enrol, label, same, search, verify
from maskreid.gallery.tend import SMALL, build_indexes
from maskreid.images import Dataset


def names(gallery: Gallery) -> list[str | None]:
    entries = {entry.path: entry.identity for entry in gallery.entries()}
    return [entries[path] for path in sorted(entries)]


def test_confirm_merge_split_and_take_back(empty: Gallery) -> None:
    ids = put(empty, unit(4), identities=[None, None, "bob", "bobby"])
    assert label(empty, Filter(ids=tuple(ids[:2])), "ann o'neil") == 2
    assert label(empty, Filter(identities=("bob", "bobby")), "bob") == 2
    assert names(empty) == ["ann o'neil", "ann o'neil", "bob", "bob"]
    assert label(empty, Filter(ids=(ids[3],)), "carl") == 1
    assert label(empty, Filter(identities=("ann o'neil",)), None) == 2
    assert names(empty) == [None, None, "bob", "carl"]
    assert label(empty, Filter(identities=("nobody",)), "x") == 0
    assert verify(empty).ok


def test_judging_leaves_few_files(empty: Gallery) -> None:
    ids = put(empty, unit(SMALL + 30))
    for number, id_ in enumerate(ids):
        label(empty, Filter(ids=(id_,)), f"person {number}")
    assert len(empty.table.to_lance().get_fragments()) <= SMALL
    assert sorted(entry.identity or "" for entry in empty.entries()) == sorted(f"person {n}" for n in range(len(ids)))
    same(empty, ids[:2])
    assert verify(empty).ok


def test_labels_do_not_disturb_the_search(empty: Gallery) -> None:
    vectors = unit(200)
    ids = put(empty, vectors)
    build_indexes(empty)
    label(empty, Filter(ids=(ids[50],)), "ann")
    (hits,) = search(empty, vectors[50:51], top=200)
    assert len(hits) == 200
    assert (hits[0].entry.id, hits[0].entry.identity) == (ids[50], "ann")


def test_adding_again_keeps_what_people_said(filled: Gallery, world: Dataset) -> None:
    label(filled, Filter(cameras=(1,)), "somebody")
    enrol(filled, world, splits=["gallery"])
    assert filled.count(Filter(identities=("somebody",))) == filled.count(Filter(cameras=(1,)))


def test_what_is_refused(empty: Gallery) -> None:
    with pytest.raises(MaskreidError, match="say which entries"):
        label(empty, Filter(), "ann")


def test_labels_are_logged_if_that_was_wanted(tmp_path: Path, model: str) -> None:
    gallery = Gallery.create(tmp_path / "watched", model, audit=True)
    put(gallery, unit(2))
    label(gallery, Filter(cameras=(1,)), "ann")
    (line,) = (tmp_path / "watched" / "audit.jsonl").read_text().splitlines()
    assert json.loads(line)["identity"] == "ann"


@pytest.mark.parametrize("name", ["", " ann", "ann\rbob", "ann\nbob", "\x1b[31mann", "unknown", "not calibrated"])
def test_what_is_no_name(empty: Gallery, name: str) -> None:
    put(empty, unit(1))
    with pytest.raises(MaskreidError, match=r"^identity .*: (expected |a search says that)"):
        label(empty, Filter(cameras=(1,)), name)


def test_a_judgement_is_logged_with_who_said_it_also_where_no_name_changes(tmp_path: Path, model: str) -> None:
    watched = Gallery.create(tmp_path / "watched", model, audit=True)
    ids = put(watched, unit(2), identities=["ann", "ann"])
    same(watched, ids, who="me")
    (line,) = (tmp_path / "watched" / "audit.jsonl").read_text().splitlines()
    assert json.loads(line) | {"judged": "same", "by": "me", "entries": ids, "than": []} == json.loads(line)
