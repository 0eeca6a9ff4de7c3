"""The old content or the new, never a part."""

from __future__ import annotations

import errno
import os
import shutil
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from maskreid.errors import MaskreidError
from maskreid.files import (
    append_line,
    as_file_name,
    as_text,
    cache_folder,
    check_file,
    check_folder,
    replacing,
    write_atomically,
    write_out,
)


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


@pytest.mark.parametrize(
    ("before", "whole"),
    [(b"", b""), (b"one\n", b"one\n"), (b"one\nha", b"one\n"), (b"half", b""), (b"one\n\nha", b"one\n\n")],
)
def test_a_line_comes_after_whole_lines(tmp_path: Path, before: bytes, whole: bytes) -> None:
    (tmp_path / "log").write_bytes(before)
    assert append_line(tmp_path / "log", "Jos\u00e9") == len(whole)
    assert (tmp_path / "log").read_bytes() == whole + b"Jos\xc3\xa9\n"


def test_a_line_that_does_not_fit_is_not_there(tmp_path: Path, small_disk: None) -> None:
    whole = b"x" * ((1 << 16) - 9) + b"\n"  # as long as a file may be, but for 8 bytes
    (tmp_path / "log").write_bytes(whole)
    with pytest.raises(OSError, match="No space left on device"):
        append_line(tmp_path / "log", "another line")
    assert (tmp_path / "log").read_bytes() == whole
    append_line(tmp_path / "log", "shorter")
    assert (tmp_path / "log").read_bytes() == whole + b"shorter\n"


def test_a_line_that_is_taken_back_takes_no_other_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other comes when this one's is written, and waits until the disk has refused it."""
    log, fsync = tmp_path / "log", os.fsync
    others: list[Future[int]] = []

    def refused(number: int) -> None:
        monkeypatch.setattr(os, "fsync", fsync)
        others.append(pool.submit(append_line, log, "the other's"))
        time.sleep(0.2)
        assert not others[0].done()
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", refused)
    with ThreadPoolExecutor(1) as pool:
        with pytest.raises(OSError, match="Input/output error"):
            append_line(log, "one's")
        assert others[0].result(10) == 0
    assert log.read_bytes() == b"the other's\n"


def test_what_can_be_made_again_is_kept_where_one_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MASKREID_CACHE", str(tmp_path / "mine"))
    assert cache_folder() == tmp_path / "mine"
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("MASKREID_CACHE", "")
    assert cache_folder() == tmp_path / ".cache" / "maskreid"
    monkeypatch.delenv("MASKREID_CACHE")
    assert cache_folder() == tmp_path / ".cache" / "maskreid"


def test_a_name_of_any_bytes_comes_back_from_its_text() -> None:
    for byte in range(1, 256):
        name = os.fsdecode(b"Jos" + bytes([byte]) + b".jpg")
        text = as_text(name)
        assert text.encode().decode() == text
        assert as_file_name(text) == name
    assert as_text("Jos\u00e9.jpg") == "Jos\u00e9.jpg"


def test_a_place_that_cannot_even_be_looked_at_is_one_line(tmp_path: Path) -> None:
    """A name of 300 letters is longer than a file system has."""
    for check in (check_folder, check_file):
        with pytest.raises(MaskreidError, match="is not a folder that can be written to; choose another place"):
            check(tmp_path / ("x" * 300) / "file")


def test_a_file_is_no_folder_though_it_may_be_run(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"#!")
    (tmp_path / "file").chmod(0o777)
    for check, wrong in ((check_folder, tmp_path / "file"), (check_file, tmp_path / "file" / "a")):
        with pytest.raises(MaskreidError, match="file: is not a folder that can be written to"):
            check(wrong)


def test_what_went_wrong_first_is_what_is_told(tmp_path: Path) -> None:
    """The part cannot be removed any more when the writing is ended: its folder is gone."""

    def ended() -> None:
        shutil.rmtree(tmp_path / "folder")
        raise KeyboardInterrupt

    (tmp_path / "folder").mkdir()
    with pytest.raises(KeyboardInterrupt), replacing(tmp_path / "folder" / "file"):
        ended()
