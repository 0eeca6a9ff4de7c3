from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from made_up import put, unit

from maskreid.gallery import Filter, Gallery, browse, duplicates, export, overview, remove, same, search, verify
from maskreid.gallery.errors import VanishedError, telling
from maskreid.gallery.lock import tidying, writing
from maskreid.gallery.schema import ERASING, quoted
from maskreid.gallery.tend import build_indexes, tend
from maskreid.gallery.verify import NAMED


def append(gallery: Gallery, **changes: object) -> None:
    """Write the first row once more, with changes, past every check."""
    row = gallery.table.search().limit(1).to_list()[0]
    row.update(changes)
    gallery.table.add(
        pa.Table.from_pylist([{name: row[name] for name in gallery.table.schema.names}], gallery.table.schema)
    )


def test_all_is_well(filled: Gallery) -> None:
    found = verify(filled)
    assert found.ok
    assert found.rows == len(filled)
    assert "every checksum, length and fingerprint is right" in str(found)


def test_a_changed_vector(empty: Gallery) -> None:
    put(empty, unit(3))
    append(empty, id="f" * 32)
    (problem,) = verify(empty).problems
    assert problem.startswith(f"changed since they were written (checksum): {'f' * 32}")


def test_the_wrong_length_model_and_a_double(empty: Gallery) -> None:
    put(empty, unit(1))
    append(empty, feature=(2 * unit(1)[0]).tolist(), model="another")
    found = "\n".join(verify(empty).problems)
    for what in ("checksum", "no unit vectors", "features of another model", "there twice"):
        assert what in found


def test_an_id_that_is_none(empty: Gallery) -> None:
    put(empty, unit(1))
    empty.table.update(values={"id": "not-hex"})
    (problem,) = verify(empty).problems
    assert problem.startswith("changed since they were written (checksum): not-hex")


def test_a_label_may_change_without_harm(empty: Gallery) -> None:
    put(empty, unit(2))
    empty.table.update(values={"identity": "ann"})
    assert not [problem for problem in verify(empty).problems if "checksum" in problem]


def test_a_truncated_file(filled: Gallery) -> None:
    for file in Path(filled.path).rglob("data/*.lance"):
        content = file.read_bytes()
        file.write_bytes(content[: len(content) // 2])
    found = verify(Gallery(filled.path))
    assert not found.ok
    assert "not all rows can be read" in found.problems[0]


def test_a_removal_that_is_under_way_is_no_problem(empty: Gallery) -> None:
    put(empty, unit(3))
    empty.table.to_lance().update_config({ERASING: "1"})
    with writing(empty.path, alone=True):
        assert verify(empty).ok
    with writing(empty.path):  # nobody who adds would finish it
        assert any("a removal was cut off" in problem for problem in verify(empty).problems)
    with tidying(empty.path):
        assert any("a removal was cut off" in problem for problem in verify(empty).problems)
    assert any("a removal was cut off" in problem for problem in verify(empty).problems)


def test_readers_begin_again_where_a_removal_overtakes_them(
    empty: Gallery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vectors = unit(50)
    ids = put(empty, vectors)
    remove(empty, Filter(ids=tuple(ids[:2])))
    original, tries = Gallery.rows, []

    def overtaken(gallery: Gallery, *args: Any, **options: Any) -> Any:
        tries.append(args)
        if len(tries) == 1:
            yield next(original(gallery, *args, **options))
            remove(gallery, Filter(ids=(ids[len(gallery)],)))
            with telling(gallery.path):
                raise OSError("External error: Not found: /somewhere/g/images.lance/_deletions/39-0.arrow, line 7")
        yield from original(gallery, *args, **options)

    monkeypatch.setattr(Gallery, "rows", overtaken)
    assert verify(empty).ok
    assert len(tries) > 1
    for read in (
        lambda: search(empty, vectors[[30] * 17], top=1)[3][0].entry.id == ids[30],  # one would go through the index
        lambda: overview(empty).entries == len(empty),
        lambda: duplicates(empty, least=0.99) == [],
        lambda: browse(empty).total - 1 == len(empty.entries()),  # it counts before the removal
        lambda: export(empty, tmp_path / "out") == len(empty),
    ):
        tries.clear()
        assert read()
        assert len(tries) > 1


def test_a_lost_file_is_told_as_such(empty: Gallery) -> None:
    put(empty, unit(3))
    for file in Path(empty.path).rglob("data/*.lance"):
        file.unlink()
    with pytest.raises(VanishedError, match="a file is gone, because entries were removed"):
        empty.entries()
    assert "not all rows can be read" in verify(empty).problems[0]


def test_what_an_overtaken_writer_left_goes_when_the_gallery_is_tended(filled: Gallery) -> None:
    stray = next(Path(filled.path).rglob("data")) / "stray.lance"
    stray.write_bytes(b"left")
    tend(filled)
    assert not stray.exists()
    assert verify(filled).ok


def test_a_file_of_no_version(filled: Gallery) -> None:
    stray = next(Path(filled.path).rglob("data")) / "stray.lance"
    stray.write_bytes(np.random.default_rng(0).bytes(100))
    with writing(filled.path):
        assert verify(filled).ok
        assert "1 files of a command that is writing now" in str(verify(filled))
    assert any("1 files belong to no version" in problem for problem in verify(filled).problems)


def test_a_file_that_is_committed_while_it_is_looked_for(filled: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    stray = next(Path(filled.path).rglob("data")) / "stray.lance"
    stray.write_bytes(b"")

    def finished(path: str) -> bool:
        stray.unlink()  # as good as committed: it is no longer without a version
        return False

    monkeypatch.setattr(import_module("maskreid.gallery.verify"), "being_written", finished)
    assert verify(filled).ok


@pytest.mark.parametrize(("bad", "more"), [(NAMED, ""), (NAMED + 1, " and 1 more")])
def test_some_bad_rows_are_named_and_the_others_counted(empty: Gallery, bad: int, more: str) -> None:
    ids = put(empty, unit(NAMED + 2))
    wrong = ids[:bad]
    empty.table.update(where=f"id IN ({quoted(wrong)})", values={"camera": 7})
    (problem,) = verify(empty).problems
    told = problem.removeprefix("changed since they were written (checksum): ").removesuffix(
        "; remove them and add their images again"
    )
    assert told.endswith(more)
    named = told.removesuffix(more).split(", ")
    assert len(named) == NAMED
    assert set(named) <= set(wrong)


@pytest.mark.parametrize("length", [0.9, 1.1])
def test_a_feature_is_neither_shorter_nor_longer_than_1(empty: Gallery, length: float) -> None:
    put(empty, length * unit(1))
    (problem,) = verify(empty).problems
    assert problem.startswith("features that are no unit vectors of the gallery's dimension: ")


@pytest.mark.parametrize("folder", ["data", "_deletions", "_indices"])
def test_a_file_of_no_version_is_found_wherever_it_is(empty: Gallery, folder: str) -> None:
    ids = put(empty, unit(300))
    build_indexes(empty)
    empty.table.delete(f"id = '{ids[0]}'")
    assert verify(empty).ok
    stray = next(Path(empty.path).rglob(folder)) / "stray"
    stray.write_bytes(b"left")
    assert any(
        f"1 files belong to no version, left by a command that was killed or overtaken by another, such as "
        f"{folder}/stray" in problem
        for problem in verify(empty).problems
    )


def test_a_damaged_judgement_is_a_problem(empty: Gallery) -> None:
    (Path(empty.path) / "judgements.jsonl").write_text("{}\n")
    (problem,) = verify(empty).problems
    assert "line 1 is no judgement" in problem


def test_a_judgement_of_what_is_being_removed_is_no_problem_yet(empty: Gallery) -> None:
    (id_,) = put(empty, unit(1))
    same(empty, [id_], "ann")
    empty.table.delete(f"id = '{id_}'")
    with writing(empty.path, alone=True):
        assert verify(empty).ok
    with writing(empty.path):  # nobody who adds would delete it
        assert not verify(empty).ok
    (problem,) = verify(empty).problems
    assert problem.startswith("1 judgements name entries that are not there")


def test_every_entry_is_counted_as_it_is_read(empty: Gallery) -> None:
    put(empty, unit(5))
    told: list[tuple[int, str, str]] = []
    counted: list[int] = []

    def progress(items: Iterable[int], *, total: int, what: str, unit: str) -> Iterator[int]:
        told.append((total, what, unit))
        for item in items:
            counted.append(item)
            yield item
        told.append((len(counted), "done", ""))

    verify(empty, progress=progress)
    assert told == [(5, "verifying", "entry"), (5, "done", "")]
