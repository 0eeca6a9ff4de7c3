"""The old content or the new, never a part."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from maskreid.errors import MaskreidError
from maskreid.files import check_file, check_folder, write_atomically, write_out


def test_content_is_replaced_and_nothing_else_is_left(tmp_path: Path) -> None:
    for content in (b"one", b"another"):
        write_atomically(tmp_path / "file", content)
        assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("file", content)]


def test_what_cannot_be_written_leaves_the_old(tmp_path: Path, small_disk: None) -> None:
    (tmp_path / "file").write_bytes(b"old")
    with pytest.raises(OSError, match="File too large"):
        write_atomically(tmp_path / "file", bytes(100_000))
    with pytest.raises(
        MaskreidError, match=r"file: cannot be written \(File too large\); make room, or choose another"
    ):
        write_out(tmp_path / "file", "x" * 100_000)
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("file", b"old")]


def test_a_part_that_was_written_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").mkdir()
    with pytest.raises(IsADirectoryError):
        write_atomically(tmp_path / "file", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_two_writers_of_one_file_do_not_tear_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other writes its file while this one has written its own and not yet renamed it."""
    replace = os.replace

    def interrupted(source: Path, target: Path) -> None:
        monkeypatch.setattr(os, "replace", replace)
        write_atomically(tmp_path / "file", b"the other's")
        assert source.read_bytes() == b"one's"
        replace(source, target)

    monkeypatch.setattr(os, "replace", interrupted)
    write_atomically(tmp_path / "file", b"one's")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("file", b"one's")]


def test_names_that_are_not_utf8_keep_their_bytes(tmp_path: Path) -> None:
    write_out(tmp_path / "list", "é " + os.fsdecode(b"Jos\xe9"))
    assert (tmp_path / "list").read_bytes() == b"\xc3\xa9 Jos\xe9"


def test_permissions_are_those_of_a_plain_write(tmp_path: Path) -> None:
    (tmp_path / "plain").write_bytes(b"")
    write_atomically(tmp_path / "new", b"")
    assert (tmp_path / "new").stat().st_mode == (tmp_path / "plain").stat().st_mode
    (tmp_path / "new").chmod(0o600)
    write_atomically(tmp_path / "new", b"again")
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("place", [".", "/", "", "folder", ".."])
def test_a_folder_is_no_place_for_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MaskreidError, match=r"is a folder; name a file|cannot be written to"):
        check_file(Path(place))
    with pytest.raises(MaskreidError, match="cannot be written"):
        write_out(Path(place), b"")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_a_place_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    write_out(tmp_path / "new" / "folder" / "a", b"content")
    check_folder(tmp_path / "not" / "yet")
    assert not (tmp_path / "not").exists()
    for wrong in (tmp_path / "file" / "a", tmp_path / "new"):
        with pytest.raises(MaskreidError, match="cannot be written"):
            write_out(wrong, b"content")
    for wrong in (tmp_path / "file", tmp_path / "file" / "a"):
        with pytest.raises(MaskreidError, match="is not a folder that can be written to"):
            check_folder(wrong)
