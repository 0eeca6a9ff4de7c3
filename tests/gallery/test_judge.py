from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from made_up import put, unit

from maskreid.errors import MaskreidError
from maskreid.gallery import (
    Filter,
    Gallery,
    different,
    export,
    judgements,
    label,
    remove,
    same,
    split,
    standing,
    undo,
    verify,
)
from maskreid.gallery.errors import BusyError
from maskreid.gallery.judgements import FILE
from maskreid.gallery.lock import writing

NAMES = ["ann", "ann", "bob", None, None]


@pytest.fixture
def ids(empty: Gallery) -> list[str]:
    return put(empty, unit(5), identities=NAMES)


def named(gallery: Gallery, ids: list[str]) -> list[str | None]:
    found = {entry.id: entry.identity for entry in gallery.entries()}
    return [found[id_] for id_ in ids]


def test_people_are_merged_whole(empty: Gallery, ids: list[str]) -> None:
    judged = same(empty, [ids[3], ids[2], ids[0]], who="me")
    assert named(empty, ids) == ["bob", "bob", "bob", "bob", None]
    assert (judged.who, judged.what, judged.identity) == ("me", "same", "bob")
    undo(empty)
    assert named(empty, ids) == NAMES
    same(empty, [ids[3], ids[4]], "cid")
    assert named(empty, ids) == ["ann", "ann", "bob", "cid", "cid"]
    fresh = undo(empty).undoes
    assert same(empty, [ids[4]]).identity != fresh
    assert (named(empty, ids)[4] or "").startswith("person-")


def test_rejected_entries_lose_the_name_and_only_it(empty: Gallery, ids: list[str]) -> None:
    different(empty, [ids[1], ids[2]], than=[ids[0]])
    assert named(empty, ids) == ["ann", None, "bob", None, None]
    undo(empty)
    assert named(empty, ids) == NAMES
    with pytest.raises(MaskreidError, match="cannot differ from itself"):
        different(empty, [ids[0]], than=[ids[0]])


def test_a_person_is_split(empty: Gallery, ids: list[str]) -> None:
    split(empty, [ids[1]], "anna")
    assert named(empty, ids)[:2] == ["ann", "anna"]
    with pytest.raises(MaskreidError, match="somebody already"):
        split(empty, [ids[1]], "bob")


def test_only_what_is_last_about_its_entries_is_undone(empty: Gallery, ids: list[str]) -> None:
    first = same(empty, [ids[3], ids[4]], "cid")
    second = same(empty, [ids[4]], "dan")
    other = split(empty, [ids[1]])
    with pytest.raises(MaskreidError, match=f"{second.id} is later"):
        undo(empty, first.id)
    undo(empty, second.id)
    undo(empty, first.id)
    assert standing(judgements(empty)) == [other]
    undo(empty)
    assert named(empty, ids) == NAMES
    with pytest.raises(MaskreidError, match="no judgement to take back"):
        undo(empty)


def test_what_a_removal_keeps_out_is_not_written_down(empty: Gallery, ids: list[str]) -> None:
    first = same(empty, [ids[3], ids[4]], "cid")
    last = same(empty, [ids[0], ids[2]], "dan")
    with writing(empty.path, alone=True):
        for refused in (lambda: undo(empty), lambda: split(empty, [ids[1]]), lambda: same(empty, ids)):
            with pytest.raises(BusyError):
                refused()
    assert judgements(empty) == [first, last]
    assert undo(empty).undoes == last.id
    assert named(empty, ids) == ["ann", "ann", "bob", "cid", "cid"]


def test_a_killed_undoing_is_finished_by_the_same_call(
    empty: Gallery, ids: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    same(empty, [ids[3], ids[4]], "cid")
    last = same(empty, [ids[0], ids[2]], "dan")
    for step in ("rename", "append"):
        with monkeypatch.context() as patch:
            patch.setattr(f"maskreid.gallery.judge.{step}", _killed)
            with pytest.raises(KeyboardInterrupt):
                undo(empty)
    done = undo(empty)
    assert (done.undoes, done.left) == (last.id, ())
    assert named(empty, ids) == ["ann", "ann", "bob", "cid", "cid"]


def _killed(*_: object) -> None:
    raise KeyboardInterrupt


def test_undoing_leaves_what_was_labelled_since(empty: Gallery, ids: list[str]) -> None:
    same(empty, [ids[2], ids[3], ids[4]], "cid")
    label(empty, Filter(ids=(ids[3],)), "carl")
    label(empty, Filter(ids=(ids[4],)), None)  # as before the judgement, so nothing is left to say
    done = undo(empty)
    assert done.left == (ids[3],)
    assert named(empty, ids) == ["ann", "ann", "bob", "carl", None]
    assert judgements(empty)[-1] == done


def test_nobody_and_nothing_are_refused(empty: Gallery, ids: list[str]) -> None:
    for wrong in ([], ["0" * 32]):
        with pytest.raises(MaskreidError):
            same(empty, wrong)
    with pytest.raises(MaskreidError, match="expected a text, without spaces"):
        same(empty, ids[:1], " x")
    assert judgements(empty) == []
    assert named(empty, ids) == NAMES


def test_removal_deletes_what_was_said_about_the_removed(empty: Gallery, ids: list[str]) -> None:
    same(empty, [ids[3], ids[4]], "cid")
    undo(empty)
    kept = different(empty, [ids[2]], than=[ids[0]])
    same(empty, [ids[1], ids[4]])
    remove(empty, Filter(ids=(ids[4],)))
    assert judgements(empty) == [kept]
    assert ids[4] not in (Path(empty.path) / FILE).read_text()
    assert verify(empty).ok
    empty.table.delete(f"id = '{ids[2]}'")  # past the library
    assert any("judgements name entries that are not there" in problem for problem in verify(empty).problems)


def test_half_a_line_of_a_killed_writer_is_taken_away(empty: Gallery, ids: list[str]) -> None:
    first = same(empty, [ids[0], ids[3]])
    file = Path(empty.path) / FILE
    with file.open("a") as open_:
        open_.write('{"id": "ab')
    assert judgements(empty) == [first]
    second = same(empty, [ids[2], ids[4]])
    assert judgements(empty) == [first, second]
    assert [json.loads(line)["id"] for line in file.read_text().splitlines()] == [first.id, second.id]
    file.write_text("nonsense\n")
    with pytest.raises(MaskreidError, match="line 1 is no judgement"):
        judgements(empty)


def test_no_removal_leaves_half_a_line(empty: Gallery, ids: list[str]) -> None:
    same(empty, [ids[0], ids[3]])
    file = Path(empty.path) / FILE
    whole = file.read_bytes()
    with file.open("a") as open_:
        open_.write(f'{{"id": "ab", "entries": ["{ids[4]}')
    part = file.with_name(f"{FILE}.0123abcd.part")
    part.write_text(ids[4])
    (problem,) = verify(empty).problems
    assert problem.startswith(f"half a line of a judgement and {part.name}, left by a command that was killed")
    remove(empty, Filter(ids=(ids[4],)))
    assert file.read_bytes() == whole
    assert not part.exists()
    assert verify(empty).ok


def test_a_full_disk_leaves_no_half_line(empty: Gallery, ids: list[str], small_disk: None) -> None:
    first = same(empty, [ids[0], ids[3]])
    file = Path(empty.path) / FILE
    content = file.read_bytes() * ((1 << 16) // len(file.read_bytes()))  # as many lines as fit
    file.write_bytes(content)
    with pytest.raises(MaskreidError, match="nothing was half written"):
        same(empty, [ids[2], ids[4]])
    assert file.read_bytes() == content
    assert first.id in content.decode()


def test_an_entry_that_is_named_twice_is_said_once(empty: Gallery, ids: list[str]) -> None:
    assert same(empty, [ids[0], ids[3], ids[0]]).entries == (ids[0], ids[3])


def test_judgements_are_exported_as_pairs(empty: Gallery, ids: list[str], tmp_path: Path) -> None:
    export(empty, tmp_path / "before")
    assert not (tmp_path / "before" / "judgements.csv").exists()
    same(empty, [ids[0], ids[3], ids[4]])
    different(empty, [ids[2]], than=[ids[0], ids[3]])
    same(empty, [ids[1], ids[2]])
    undo(empty)
    export(empty, tmp_path / "out")
    with (tmp_path / "out" / "judgements.csv").open() as file:
        rows = [(row["a"], row["b"], row["same"]) for row in csv.DictReader(file)]
    assert rows == [
        (ids[0], ids[3], "1"), (ids[0], ids[4], "1"), (ids[0], ids[2], "0"), (ids[3], ids[2], "0")
    ]  # fmt: skip
    with (tmp_path / "out" / "entries.csv").open() as file:
        people = {row["id"]: row["identity_name"] for row in csv.DictReader(file)}
    assert [people[id_] for id_ in ids] == ["ann", "ann", "bob", "ann", "ann"]


def test_what_could_not_be_done_was_not_said(empty: Gallery, ids: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    same(empty, ids[3:])
    before = named(empty, ids)

    def full(*_: object) -> None:
        raise MaskreidError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr("maskreid.gallery.judge.rename", full)
        with pytest.raises(MaskreidError, match="full"):
            same(empty, ids[:3])
    assert (len(standing(judgements(empty))), named(empty, ids)) == (1, before)
    same(empty, ids[:3], "cid")
    assert len(standing(judgements(empty))) == 2
