from __future__ import annotations

import io
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from made_up import save
from PIL import Image

from maskreid.errors import MaskreidError
from maskreid.gallery import Gallery, enrol, features_of, verify
from maskreid.gallery import enrol as enrol_function
from maskreid.gallery.enrol import thumbnail_of
from maskreid.gallery.pictures import picture_of
from maskreid.images import Dataset, open_dataset, pack_images, parts, read_image
from maskreid.masks import mask_source
from maskreid.network import load_model
from maskreid.progress import T


def test_rows_are_what_the_dataset_says_and_the_model_sees(
    filled: Gallery, world: Dataset, tmp_path: Path, model: str
) -> None:
    """The features are those of the training pipeline's own path: packed, then embedded."""
    images = world.splits["gallery"]
    entries = {entry.path: entry for entry in filled.entries()}
    assert set(entries) == {image.path for image in images}
    for image in images:
        entry = entries[image.path]
        assert (entry.camera, entry.time, entry.tags) == (image.camera, image.time, ("made up",))
        assert entry.identity == (f"synthetic/{image.identity}" if image.identity > 0 else None)
    loaded = load_model(model)
    packed = pack_images(world.source, images, tmp_path / "pack", size=(54, 36), masks=mask_source("dataset"))
    expected = loaded.embed(packed.pixels, packed.masks)
    found = features_of(filled, [entries[path].id for path in packed.paths])
    for path, vector in zip(packed.paths, expected, strict=True):
        np.testing.assert_allclose(found[entries[path].id], vector, atol=1e-5)


def test_the_same_again_changes_nothing(filled: Gallery, world: Dataset) -> None:
    before = filled.entries()
    done = enrol(filled, world, splits=["gallery"])
    assert (done.added, done.known) == (0, len(world.splits["gallery"]))
    assert filled.entries() == before


def test_an_image_is_known_by_its_bytes(empty: Gallery, world: Dataset, tmp_path: Path) -> None:
    content = world.source.read(world.splits["gallery"][0].path)
    for name in ("a.png", "b.png"):
        (tmp_path / "photos" / "sub").mkdir(parents=True, exist_ok=True)
        (tmp_path / "photos" / name).write_bytes(content)
    (tmp_path / "photos" / "sub" / "c.png").write_bytes(world.source.read(world.splits["gallery"][1].path))
    gallery = Gallery.create(tmp_path / "g2", save(tmp_path / "m", masks={"source": "none", "min_share": 0.05}))
    done = enrol(gallery, open_dataset(tmp_path / "photos", anything=True), camera=4, time=12.5)
    assert (done.added, done.known) == (2, 1)
    assert {(entry.path, entry.camera, entry.time, entry.identity) for entry in gallery.entries()} == {
        ("a.png", 4, 12.5, None),
        ("sub/c.png", 4, 12.5, None),
    }


def test_people_whom_two_sources_number_alike_stay_apart(world: Dataset, tmp_path: Path) -> None:
    """Two CSVs and two folders, each with a person 1; a name is one person in all of them."""
    pictures = iter(world.splits["gallery"])
    for root in (tmp_path / "a", tmp_path / "b"):
        for member in ("x.png", "y.png", "1/z.png", "ann/z.png"):
            (root / member).parent.mkdir(parents=True, exist_ok=True)
            (root / member).write_bytes(world.source.read(next(pictures).path))
        (root / "x.csv").write_text("path,identity,camera,split\nx.png,1,1,train\n")
        (root / "y.csv").write_text("path,identity,camera,split\ny.png,1,1,train\n")
    gallery = Gallery.create(tmp_path / "g", save(tmp_path / "m", masks={"source": "none", "min_share": 0.05}))
    for root in (tmp_path / "a", tmp_path / "b"):
        for dataset in (open_dataset(root / "x.csv"), open_dataset(root / "y.csv"), open_dataset(root, "folders")):
            enrol(gallery, dataset)
    people = Counter(entry.identity for entry in gallery.entries())
    numbered = [tmp_path / root / inside for root in "ab" for inside in ("x.csv", "y.csv", "")]
    assert people == {**{f"{each}/1": 1 for each in numbered}, "ann": 2}


@pytest.mark.parametrize("write", [2, 1000])
def test_the_same_image_far_apart_is_there_once(
    empty: Gallery, world: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: int
) -> None:
    """In another chunk, whether the first one was written meanwhile or not."""
    module = __import__("maskreid.gallery.enrol", fromlist=["enrol"])
    monkeypatch.setattr(module, "CHUNK", 2)
    monkeypatch.setattr(parts, "MOST", 2)
    monkeypatch.setattr(module, "WRITE", write)
    contents = [world.source.read(image.path) for image in world.splits["gallery"][:4]]
    (tmp_path / "photos").mkdir()
    for number, content in enumerate([*contents, contents[0], contents[1], contents[3]]):
        (tmp_path / "photos" / f"{number}.png").write_bytes(content)
    gallery = Gallery.create(tmp_path / "g2", save(tmp_path / "m", masks={"source": "none", "min_share": 0.05}))
    done = enrol(gallery, open_dataset(tmp_path / "photos", anything=True))
    assert (done.added, done.known) == (4, 3)
    assert [entry.path for entry in gallery.entries()] == ["0.png", "1.png", "2.png", "3.png"]


def test_after_an_interruption_nothing_is_lost_or_twice(
    empty: Gallery, world: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = __import__("maskreid.gallery.enrol", fromlist=["enrol"])
    monkeypatch.setattr(module, "CHUNK", 3)
    monkeypatch.setattr(parts, "MOST", 3)
    monkeypatch.setattr(module, "WRITE", 5)
    images = world.splits["gallery"]

    def cut_off(items: Iterable[T], *, total: int, what: str, unit: str) -> Iterator[T]:
        for number, item in enumerate(items):
            if number == 13:
                raise KeyboardInterrupt
            yield item

    with pytest.raises(KeyboardInterrupt):
        enrol_function(empty, world, splits=["gallery"], progress=cut_off)
    kept = len(empty)
    assert 0 < kept < len(images)
    done = enrol_function(empty, world, splits=["gallery"])
    assert (done.added, done.known) == (len(images) - kept, kept)
    assert sorted(entry.path for entry in empty.entries()) == sorted(image.path for image in images)


def test_unreadable_images_are_counted_and_named(tmp_path: Path, world: Dataset) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "good.png").write_bytes(world.source.read(world.splits["gallery"][0].path))
    (folder / "gone.png").symlink_to(folder / "nowhere.png")
    for number in range(6):
        (folder / f"bad{number}.jpg").write_bytes(b"\xff\xd8 cut off" + bytes([number]))
    gallery = Gallery.create(tmp_path / "g", save(tmp_path / "m", masks={"source": "none", "min_share": 0.05}))
    done = enrol(gallery, open_dataset(folder, anything=True))
    assert (done.added, done.known, done.unreadable, len(done.reasons)) == (1, 0, 7, 5)
    assert "7 unreadable" in str(done)
    assert "bad0.jpg" in str(done)
    (folder / "bad0.jpg").rename(folder / "aa.jpg")  # before the others, of which five are named
    (folder / "gone.png").rename(folder / "a.png")
    assert "a.png: cannot be read" in str(enrol(gallery, open_dataset(folder, anything=True)))


def test_a_name_need_not_be_utf8(tmp_path: Path, world: Dataset) -> None:
    folder = tmp_path / "photos" / os.fsdecode(b"Jos\xe9")
    folder.mkdir(parents=True)
    for number in range(2):
        content = world.source.read(world.splits["gallery"][number].path)
        (folder / os.fsdecode(b"caf\xe9%d.png" % number)).write_bytes(content)
    (tmp_path / "photos" / "ann").mkdir()
    (tmp_path / "photos" / "ann" / "1.png").write_bytes(world.source.read(world.splits["gallery"][2].path))
    gallery = Gallery.create(tmp_path / "g", save(tmp_path / "m", masks={"source": "none", "min_share": 0.05}))
    dataset = open_dataset(tmp_path / "photos")
    assert enrol(gallery, dataset).added == 3
    first = min(gallery.entries(), key=lambda entry: entry.path)
    assert (first.path, first.identity) == (r"Jos\udce9/caf\udce90.png", r"Jos\udce9")
    assert verify(gallery).ok
    assert picture_of(gallery, first.id, [dataset.source])


@pytest.mark.parametrize("name", ["unknown", "not calibrated", "ann\nbob", " ann"])
def test_a_person_whom_nobody_may_be_called_is_refused_before_anything_is_read(
    empty: Gallery, world: Dataset, name: str
) -> None:
    somebody = next(image.identity for image in world.images() if image.identity > 0)
    with pytest.raises(MaskreidError, match=r"^identity "):
        enrol(empty, replace(world, identity_names={somebody: name}))
    assert len(empty) == 0


@pytest.mark.parametrize("tag", ["", " ", "a\nb", "\x1b[31m"])
def test_a_tag_is_a_line_of_text(empty: Gallery, world: Dataset, tag: str) -> None:
    with pytest.raises(MaskreidError, match=r"^tag .*: expected"):
        enrol(empty, world, tags=["door", tag])
    assert len(empty) == 0


def test_masks_of_another_policy_are_refused_with_the_way_out(filled: Gallery, world: Dataset) -> None:
    with pytest.raises(MaskreidError, match=r"maskreid gallery create NEW --model .* --masks none, and add again"):
        enrol(filled, world, masks="none")


def test_features_of_another_model_are_refused(filled: Gallery, world: Dataset, other_model: str) -> None:
    with pytest.raises(MaskreidError, match="holds features of model"):
        enrol(filled, world, model=load_model(other_model))


def test_a_split_that_is_not_there(empty: Gallery, world: Dataset) -> None:
    with pytest.raises(MaskreidError, match="has no split 'test'; it has train, query"):
        enrol(empty, world, splits=["test"])


def test_a_mask_that_covers_too_little_is_counted(empty: Gallery, world: Dataset) -> None:
    class Blank:
        name = "blank"

        def members(self) -> list[str]:
            return world.source.members()

        def read(self, member: str) -> bytes:
            content = world.source.read(member)
            if "_seg" not in member:
                return content
            buffer = io.BytesIO()
            Image.fromarray(np.zeros_like(Image.open(io.BytesIO(content)))).save(buffer, "PNG")
            return buffer.getvalue()

    done = enrol(empty, replace(world, source=Blank()), splits=["query"])
    assert done.fallbacks == done.added == len(world.splits["query"])
    assert {entry.coverage for entry in empty.entries()} == {0.0}


def test_thumbnails_keep_their_shape_and_never_grow(world: Dataset) -> None:
    picture = read_image(world.source, world.splits["query"][0].path)
    small = Image.open(io.BytesIO(thumbnail_of(picture, 32)))
    assert small.height == 32
    assert small.width == round(picture.shape[1] * 32 / picture.shape[0])
    same = Image.open(io.BytesIO(thumbnail_of(picture, 10_000)))
    assert same.size == (picture.shape[1], picture.shape[0])
    wide = Image.open(io.BytesIO(thumbnail_of(np.zeros((10, 66_000, 3), np.uint8), 64)))
    assert wide.size == (4096, 1)


def test_numbers_of_any_kind_are_checked_as_they_are_kept(empty: Gallery, world: Dataset) -> None:
    assert enrol(empty, world, splits=["gallery"], time=12, camera=np.int64(3)).added  # type: ignore[arg-type]
    assert {(entry.time, entry.camera) for entry in empty.entries()} == {(12.0, 3)}
    assert verify(empty).ok
