from __future__ import annotations

import csv
import errno
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pytest
from made_up import put, unit

from maskreid.errors import MaskreidError
from maskreid.gallery import Filter, Gallery, different, enrol, export, features_of, label, remove, same, undo
from maskreid.images import open_dataset
from maskreid.retrieval import Features


def test_what_is_written_is_what_training_and_evaluation_read(filled: Gallery, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert export(filled, out) == len(filled)
    dataset = open_dataset(out / "entries.csv")
    entries = filled.entries()
    known = [entry for entry in entries if entry.identity]
    assert (len(dataset.splits["train"]), len(dataset.splits["gallery"])) == (len(known), len(entries) - len(known))
    named = Counter(dataset.identity_names[image.identity] for image in dataset.splits["train"])
    assert named == Counter(entry.identity for entry in known)
    features = Features.load(out / "features.npz")
    assert features.model == filled.settings.fingerprint
    vectors = features_of(filled, features.paths)
    for id_, vector in zip(features.paths, features.vectors, strict=True):
        np.testing.assert_allclose(vectors[id_], vector, atol=1e-6)


def test_names_come_back_as_they_are_and_nobody_as_nobody(filled: Gallery, tmp_path: Path) -> None:
    for name, entry in zip(["7", "007", "-5", "0", 'ann, "the" first', None], filled.entries(), strict=False):
        label(filled, Filter(ids=(entry.id,)), name)
    export(filled, tmp_path / "out")
    again = Gallery.create(tmp_path / "again", filled.settings.model, masks="fcn")
    enrol(again, open_dataset(tmp_path / "out" / "entries.csv"), precision="float32")
    people = [Counter(entry.identity for entry in gallery.entries()) for gallery in (filled, again)]
    assert people[0] == people[1]
    assert people[0]["007"] == people[0]["0"] == 1


def test_judgements_of_a_part_do_not_need_the_first_and_never_contradict_each_other(
    empty: Gallery, tmp_path: Path
) -> None:
    a, b, c = put(empty, unit(3), cameras=[1, 2, 2])

    def pairs(where: Filter | None = None) -> list[tuple[str, str, str]]:
        export(empty, tmp_path / "out", where)
        file = tmp_path / "out" / "judgements.csv"
        rows = list(csv.DictReader(file.open(newline=""))) if file.exists() else []
        return [(row["a"], row["b"], row["same"]) for row in rows]

    same(empty, [a, b, c], "ann")
    assert pairs() == [(a, b, "1"), (a, c, "1")]
    assert pairs(Filter(cameras=(2,))) == [(b, c, "1")]
    different(empty, [c], [b])
    assert pairs() == [(a, b, "1"), (b, c, "0")]
    same(empty, [b, c])
    assert pairs() == [(a, b, "1"), (a, c, "1"), (b, c, "1")]


def test_a_tag_may_hold_a_line_break(empty: Gallery, tmp_path: Path) -> None:
    put(empty, unit(2), identities=["a\rb", "c\nd"])
    export(empty, tmp_path / "out")
    rows = list(csv.DictReader((tmp_path / "out" / "entries.csv").open(newline="")))
    assert {row["identity_name"] for row in rows} == {"a\rb", "c\nd"}


def test_what_an_earlier_export_left_is_gone(filled: Gallery, tmp_path: Path) -> None:
    first, second, *_ = (entry.id for entry in filled.entries())
    same(filled, [first, second], "ann")
    export(filled, tmp_path / "out")
    mine = tmp_path / "out" / "thumbnails" / "mine.jpg"
    mine.write_bytes(b"not ours")
    undo(filled)
    remove(filled, Filter(ids=(first,)))
    export(filled, tmp_path / "out")
    assert not (tmp_path / "out" / "judgements.csv").exists()
    kept = {path.stem for path in (tmp_path / "out" / "thumbnails").iterdir()}
    assert kept == {entry.id for entry in filled.entries()} | {mine.stem}


@pytest.mark.parametrize("name", ["entries.csv", "features.npz", "judgements.csv"])
def test_a_file_that_no_export_wrote_stays(filled: Gallery, tmp_path: Path, name: str) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / name).write_text("path,identity\nmine.jpg,1\n")
    with pytest.raises(MaskreidError, match=rf"has {name}, but not of an earlier export; name another folder"):
        export(filled, out)
    assert (out / name).read_text() == "path,identity\nmine.jpg,1\n"
    assert list(out.iterdir()) == [out / name]


@pytest.mark.parametrize(("path", "source"), [("more", "elsewhere"), ("row", "made up")])
def test_without_thumbnails_a_csv_is_of_one_source(model: str, tmp_path: Path, path: str, source: str) -> None:
    gallery = Gallery.create(tmp_path / "g", model)
    put(gallery, unit(3))
    export(gallery, tmp_path / "out")
    put(gallery, unit(3), name="more", path=path, source=source)
    with pytest.raises(MaskreidError, match=r"several sources \(.*made up\), and without thumbnails"):
        export(gallery, tmp_path / "refused")
    assert not (tmp_path / "refused").exists()


def test_an_earlier_export_stays_whole_where_a_later_one_does_not_fit(
    model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gallery, out = Gallery.create(tmp_path / "g", model), tmp_path / "out"
    put(gallery, unit(3))
    export(gallery, out)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    put(gallery, unit(3), name="more")

    def full(self: Features, file: BinaryIO) -> None:
        file.write(b"PK")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Features, "write", full)
    with pytest.raises(MaskreidError, match=r"out: cannot be written \(No space left on device\)"):
        export(gallery, out)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_a_part(filled: Gallery, tmp_path: Path) -> None:
    count = export(filled, tmp_path / "out", Filter(cameras=(2,)))
    assert count == filled.count(Filter(cameras=(2,))) < len(filled)
    assert len(list((tmp_path / "out" / "thumbnails").iterdir())) == count


def test_progress_is_told_of_what_is_exported(filled: Gallery, tmp_path: Path) -> None:
    told: list[int] = []

    def progress(items: Iterable[Any], *, total: int, what: str, unit: str) -> Iterator[Any]:
        told.append(total)
        yield from items
        told.append(-1)

    count = export(filled, tmp_path / "part", Filter(cameras=(2,)), progress=progress)
    assert told == [count, -1]


@pytest.mark.parametrize("name", ["features.npz", "judgements.csv"])
def test_files_of_others_are_not_written_over(filled: Gallery, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine")
    with pytest.raises(MaskreidError, match=f"has {name}, but not of an earlier export"):
        export(filled, tmp_path)
    assert (tmp_path / name).read_text() == "mine"


def test_nothing_meant(filled: Gallery, tmp_path: Path) -> None:
    with pytest.raises(MaskreidError, match="no entry passes"):
        export(filled, tmp_path / "out", Filter(cameras=(77,)))
