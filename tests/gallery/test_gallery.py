from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from made_up import save

from maskreid.errors import MaskreidError
from maskreid.gallery import Gallery


def test_what_was_decided_survives(tmp_path: Path, model: str) -> None:
    made = Gallery.create(tmp_path / "g", model, thumbnail=48, audit=True)
    again = Gallery(tmp_path / "g")
    assert again.settings == made.settings
    assert (again.settings.dimension, again.settings.masks, again.settings.thumbnail) == (16, "dataset", 48)
    assert len(again) == 0
    assert again.entries() == []
    assert again.model().fingerprint == made.settings.fingerprint


def test_tending_a_gallery_does_without_torch(empty: Gallery) -> None:
    code = (
        "import sys\nfrom maskreid import gallery as room\n"
        f"gallery = room.Gallery({empty.path!r})\n"
        "room.browse(gallery), room.overview(gallery), room.verify(gallery)\n"
        "room.remove(gallery, room.Filter(tags=('door',)))\n"
        "assert not {'torch', 'numba', 'matplotlib'} & set(sys.modules), 'a heavy import'"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr


def test_a_place_that_is_taken_is_refused(tmp_path: Path, model: str) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(MaskreidError, match="is there already"):
        Gallery.create(tmp_path, model)
    with pytest.raises(MaskreidError, match="is there already"):
        Gallery.create(tmp_path / "file", model)
    assert (tmp_path / "file").read_text() == "mine"


def test_one_that_could_not_be_made_can_be_made_again(
    tmp_path: Path, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full:
        def create_table(self, name: str, **_: object) -> None:
            (tmp_path / "g" / f"{name}.lance" / "_versions").mkdir(parents=True)
            raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("maskreid.gallery.gallery._connect", lambda _: Full())
        with pytest.raises(MaskreidError, match="the disk is full; nothing was half written"):
            Gallery.create(tmp_path / "g", model)
    assert len(Gallery.create(tmp_path / "g", model)) == 0


@pytest.mark.parametrize("name", ["who?", "Jos\udce9"])
def test_a_path_that_lance_would_misread_is_refused(tmp_path: Path, model: str, name: str) -> None:
    with pytest.raises(MaskreidError, match="a gallery's path has no question mark and is UTF-8"):
        Gallery.create(tmp_path / name, model)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("place", ["file:///tmp/people", "memory://people", "db://people", "https://people"])
def test_an_address_is_one_of_a_bucket(model: str, place: str) -> None:
    with pytest.raises(MaskreidError, match=r"expected a folder, or one of s3://, s3\+ddb://, gs://, az://"):
        Gallery.create(place, model)
    with pytest.raises(MaskreidError, match=r"expected a folder, or one of s3://"):
        Gallery(place)


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(MaskreidError, match="there is no gallery; maskreid gallery create"):
        Gallery(tmp_path / "absent")
    assert not (tmp_path / "absent").exists()


def test_a_lance_table_that_is_no_gallery(tmp_path: Path) -> None:
    import lancedb
    import pyarrow as pa

    lancedb.connect(tmp_path).create_table("images", pa.table({"a": [1]}))
    with pytest.raises(MaskreidError, match="no gallery"):
        Gallery(tmp_path)


def test_another_model_is_refused(empty: Gallery, other_model: str) -> None:
    with pytest.raises(MaskreidError, match=r"two models do not mix: maskreid gallery create NEW --model"):
        empty.model(other_model)


def test_a_model_that_moved_is_found_where_one_says(empty: Gallery, model: str) -> None:
    assert empty.model(model).fingerprint == empty.settings.fingerprint


def test_a_shipped_model_is_known_by_its_name_and_others_by_their_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever folders are called here, and wherever commands are run later."""
    (tmp_path / "here" / "market1501-compact").mkdir(parents=True)
    save(tmp_path / "here" / "mine")
    monkeypatch.chdir(tmp_path / "here")
    galleries = [Gallery.create(tmp_path / name, name) for name in ("market1501-compact", "mine")]
    monkeypatch.chdir(tmp_path)
    assert galleries[0].settings.model == "market1501-compact"
    for gallery in galleries:
        assert gallery.model().fingerprint == gallery.settings.fingerprint


def test_arguments_out_of_range(tmp_path: Path, model: str) -> None:
    with pytest.raises(MaskreidError, match="thumbnail is -1"):
        Gallery.create(tmp_path / "g", model, thumbnail=-1)
    with pytest.raises(MaskreidError, match="audit log needs a gallery on disk"):
        Gallery.create("s3://nobody/here", model, audit=True)


@pytest.mark.parametrize("name", ["~", "people-2026-11-23T08:00"])
def test_a_path_is_what_it_says(tmp_path: Path, model: str, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Neither somebody's home nor a kind of storage."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    Gallery.create(f"{name}/people", model)
    assert (tmp_path / name / "people" / "images.lance").is_dir()
    assert len(Gallery(f"{name}/people")) == 0
    assert not (tmp_path / "home").exists()
