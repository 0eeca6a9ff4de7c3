from __future__ import annotations

import os
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from maskreid.errors import MaskreidError
from maskreid.images import Folder, Zip, open_source


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    for name in ("b/2.txt", "a/1.txt", "top.txt"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    return root


def test_folder_and_zip_show_the_same(tree: Path, tmp_path: Path) -> None:
    archive = tmp_path / "tree.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.mkdir("a")
        for name in ("top.txt", "b/2.txt", "a/1.txt"):
            file.write(tree / name, name)
    for source in (open_source(tree), open_source(archive)):
        assert source.members() == ["a/1.txt", "b/2.txt", "top.txt"]
        assert source.read("b/2.txt") == b"b/2.txt"
        with pytest.raises(MaskreidError, match="nowhere"):
            source.read("a/nowhere.txt")


def test_links_are_followed_but_not_in_circles(tree: Path, tmp_path: Path) -> None:
    (tree / "again").symlink_to(tree / "a")
    (tree / "a" / "round").symlink_to(tree)
    assert Folder(tree).members() == ["a/1.txt", "again/1.txt", "b/2.txt", "top.txt"]


def test_a_link_to_nothing_is_named_not_dropped(tree: Path) -> None:
    (tree / "a" / "gone.jpg").symlink_to(tree / "nowhere")
    assert "a/gone.jpg" in Folder(tree).members()
    with pytest.raises(MaskreidError, match=r"gone\.jpg: cannot be read"):
        Folder(tree).read("a/gone.jpg")


def test_a_link_to_itself_is_named_not_dropped(tree: Path) -> None:
    (tree / "latest").symlink_to("latest")
    assert Folder(tree).members() == ["a/1.txt", "b/2.txt", "latest", "top.txt"]
    with pytest.raises(MaskreidError, match="latest: cannot be read"):
        Folder(tree).read("latest")


def test_a_zip_may_part_its_folders_by_backslashes(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "windows.zip", "w") as file:
        for name in ("b\\", "b\\2.txt", "top.txt"):
            file.writestr(name, name)
    source = Zip(tmp_path / "windows.zip")
    assert source.members() == ["b/2.txt", "top.txt"]
    assert source.read("b/2.txt") == b"b\\2.txt"


def test_a_pipe_is_refused_instead_of_waited_for(tree: Path) -> None:
    os.mkfifo(tree / "pipe.jpg")
    assert "pipe.jpg" not in Folder(tree).members()
    with pytest.raises(MaskreidError, match="expected a regular file"):
        Folder(tree).read("pipe.jpg")


def test_a_pipe_is_no_dataset(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(MaskreidError, match="pipe: expected a folder, a zip archive or a"):
        open_source(tmp_path / "pipe")


def test_a_link_into_a_locked_folder_is_a_file_that_cannot_be_read(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root may read everything, so the refusal is made up."""

    def refusing(path: Path) -> bool:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(Path, "exists", refusing)
    with pytest.raises(MaskreidError, match=r"cannot be read \(Permission denied\)"):
        Folder(tree).read("locked.jpg")


def test_a_zip_is_read_by_many_threads(tmp_path: Path) -> None:
    archive = tmp_path / "many.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for i in range(200):
            file.writestr(f"{i:03d}", str(i) * 1000)
    source = Zip(archive)
    with ThreadPoolExecutor(8) as pool:
        contents = list(pool.map(source.read, source.members()))
    assert contents == [(str(i) * 1000).encode() for i in range(200)]


def test_a_damaged_member_is_named(tmp_path: Path) -> None:
    archive = tmp_path / "bad.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("good.jpg", b"good")
        file.writestr("bad.jpg", b"content that will not match its checksum")
    archive.write_bytes(archive.read_bytes().replace(b"will not", b"does not"))
    assert Zip(archive).read("good.jpg") == b"good"
    with pytest.raises(MaskreidError, match=r"bad\.jpg is damaged.*download the archive again"):
        Zip(archive).read("bad.jpg")


def test_what_a_rarer_compression_says_of_damage_is_told(tmp_path: Path) -> None:
    archive = tmp_path / "lzma.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_LZMA) as file:
        file.writestr("bad.jpg", bytes(range(256)) * 20)
    content = bytearray(archive.read_bytes())
    content[60:120] = b"\xff" * 60
    archive.write_bytes(content)
    with pytest.raises(MaskreidError, match=r"bad\.jpg is damaged.*download the archive again"):
        Zip(archive).read("bad.jpg")


def test_a_zip_whose_names_are_not_what_they_say_is_refused(tmp_path: Path) -> None:
    archive = tmp_path / "names.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("\u00e9\u00e9.jpg", b"")
    archive.write_bytes(archive.read_bytes().replace("\u00e9\u00e9".encode(), b"\xe9\xe9ab"))
    with pytest.raises(MaskreidError, match=r"names\.zip: not a readable zip"):
        open_source(archive)


def test_a_zip_cut_off_in_download_is_refused(tmp_path: Path) -> None:
    archive = tmp_path / "cut.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("a.jpg", bytes(1000))
    archive.write_bytes(archive.read_bytes()[:-60])
    with pytest.raises(MaskreidError, match=r"cut\.zip: not a readable zip .* download it again"):
        open_source(archive)
    with pytest.raises(MaskreidError, match="no such folder or zip"):
        open_source(tmp_path / "absent")


@pytest.mark.parametrize("theirs", ["lost+found", ".Trash-0", "ann"])
def test_what_the_system_hides_is_a_file_that_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, theirs: str
) -> None:
    """Root may look everywhere, so the refusal is made up."""
    for name in ("a.jpg", "mine/b.jpg", f"{theirs}/c.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    scan = os.scandir

    def refusing(path: str) -> Any:
        if str(path).endswith(theirs):
            raise PermissionError(13, "Permission denied", path)
        return scan(path)

    monkeypatch.setattr("maskreid.images.source.os.scandir", refusing)
    if theirs == "ann":  # somebody's images, which must not vanish
        with pytest.raises(MaskreidError, match="ann: cannot be listed"):
            Folder(tmp_path).members()
        return
    assert Folder(tmp_path).members() == sorted(["a.jpg", "mine/b.jpg", theirs])
    with pytest.raises(MaskreidError, match="expected a regular file"):
        Folder(tmp_path).read(theirs)
    with pytest.raises(MaskreidError, match="cannot be listed"):
        Folder(tmp_path / theirs).members()


def test_a_zip_with_a_password_is_to_be_unpacked(tmp_path: Path) -> None:
    archive = tmp_path / "locked.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("a.jpg", b"content")
    content = bytearray(archive.read_bytes())
    for header, flags in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        content[content.index(header) + flags] |= 1  # encrypted
    archive.write_bytes(content)
    with pytest.raises(MaskreidError, match=r"a\.jpg cannot be unpacked \(.*password.*\); unpack it yourself"):
        open_source(archive).read("a.jpg")
