from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import ExifTags, Image

import maskreid.images.packing as packing
import maskreid.images.parts as parts
from maskreid.errors import MaskreidError
from maskreid.images import Folder, PersonImage, Source, open_packed, pack_fingerprint, pack_images, read_image

Plant = Callable[..., Path]
SIZE = (20, 12)


class TopHalf:
    """A mask source that covers the upper half, but for images whose share is given by path."""

    def __init__(self, name: str = "top", rows: dict[str, int] | None = None) -> None:
        self.name, self.rows, self.calls = name, rows or {}, 0

    def __call__(
        self, source: Source, images: Sequence[PersonImage], pixels: Sequence[npt.NDArray[np.uint8]]
    ) -> list[npt.NDArray[np.bool_]]:
        self.calls += 1
        masks = []
        for image, picture in zip(images, pixels, strict=True):
            mask = np.zeros(picture.shape[:2], np.bool_)
            mask[: self.rows.get(image.path, len(picture) // 2)] = True
            masks.append(mask)
        return masks


class Told:
    """A progress that remembers what it was told."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def __call__(self, items: Iterable[PersonImage], *, total: int, what: str, unit: str) -> Iterator[PersonImage]:
        self.heard.append(what)
        items = list(items)
        assert len(items) == total
        yield from items


@pytest.fixture
def people(tmp_path: Path, plant: Plant) -> tuple[Folder, list[PersonImage]]:
    names = [f"{i}.png" for i in range(7)]
    root = plant(tmp_path / "images", names)
    return Folder(root), [PersonImage(name, i // 2 + 1, i % 2 + 1) for i, name in enumerate(names)]


def test_each_image_is_decoded_masked_and_resized(
    people: tuple[Folder, list[PersonImage]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, images = people
    monkeypatch.setattr(parts, "MOST", 3)  # 3 + 3 + 1
    masks = TopHalf(rows={"3.png": 2})
    packed = pack_images(source, images, tmp_path / "pack", size=SIZE, masks=masks, min_share=0.2)
    assert masks.calls == 3
    assert packed.pixels.shape == (7, *SIZE, 3)
    assert packed.masks.shape == (7, *SIZE)
    for i, image in enumerate(images):
        native = read_image(source, image.path)
        expected = Image.fromarray(native).resize(SIZE[::-1], Image.Resampling.BILINEAR)
        assert np.array_equal(packed.pixels[i], np.asarray(expected))
        whole = image.path == "3.png"  # 2 of 16 rows are less than a fifth
        assert np.array_equal(packed.masks[i], np.repeat([[1], [1 if whole else 0]], 10, 0).repeat(SIZE[1], 1))
    assert packed.fallbacks == 1
    assert np.allclose(packed.coverage, [0.5, 0.5, 0.5, 0.125, 0.5, 0.5, 0.5])
    assert packed.identities.tolist() == [1, 1, 2, 2, 3, 3, 4]
    assert packed.cameras.tolist() == [1, 2, 1, 2, 1, 2, 1]
    assert packed.paths == tuple(image.path for image in images)
    assert isinstance(packed.pixels, np.memmap)
    assert isinstance(packed.masks, np.memmap)


def test_a_share_of_exactly_the_least_is_enough(people: tuple[Folder, list[PersonImage]], tmp_path: Path) -> None:
    source, images = people
    assert pack_images(source, images, tmp_path / "a", size=SIZE, masks=TopHalf(), min_share=0.5).fallbacks == 0
    assert pack_images(source, images, tmp_path / "b", size=SIZE, masks=TopHalf(), min_share=0.51).fallbacks == 7


def test_without_masks_everything_is_person(people: tuple[Folder, list[PersonImage]], tmp_path: Path) -> None:
    source, images = people
    packed = pack_images(source, images, tmp_path / "pack", masks=None)
    assert packed.masks.shape == (7, 160, 64)
    assert packed.masks.min() == 1
    assert packed.fallbacks == 0
    assert json.loads((tmp_path / "pack" / "index.json").read_text())["mask_source"] == "none"


def test_a_current_pack_is_opened_without_segmenting(
    people: tuple[Folder, list[PersonImage]], tmp_path: Path
) -> None:
    source, images = people
    masks, told = TopHalf(), Told()
    first = pack_images(source, images, tmp_path / "pack", size=SIZE, masks=masks)
    again = pack_images(source, images, tmp_path / "pack", size=SIZE, masks=masks, progress=told)
    assert masks.calls == 1
    assert told.heard == ["hashing images"]
    assert again.fingerprint == first.fingerprint == open_packed(tmp_path / "pack").fingerprint
    assert np.array_equal(again.pixels, first.pixels)
    assert first.fingerprint == pack_fingerprint(source, images, size=SIZE, masks=masks, min_share=0.05)


def test_anything_else_is_packed_again(
    people: tuple[Folder, list[PersonImage]], tmp_path: Path, picture: Callable[..., bytes]
) -> None:
    source, images = people
    folder = tmp_path / "pack"
    seen = {pack_images(source, images, folder, size=SIZE, masks=TopHalf()).fingerprint}
    reversed_ = images[::-1]
    relabelled = [replace(images[0], identity=9), *images[1:]]
    for change in (
        {"size": (12, 20)},
        {"masks": TopHalf("other")},
        {"masks": None},
        {"min_share": 0.6},
        {"images": reversed_},
        {"images": relabelled},
        {"images": images[1:]},
    ):
        told = Told()
        settings = {"images": images, "size": SIZE, "masks": TopHalf(), **change}
        packed = pack_images(source, folder=folder, progress=told, **settings)  # type: ignore[arg-type]
        assert "packing images again" in told.heard[1]
        assert packed.fingerprint not in seen, change
        seen.add(packed.fingerprint)
        assert packed.identities.tolist() == [image.identity for image in settings["images"]]  # type: ignore[attr-defined]
    (source.path / "2.png").write_bytes(picture(99))
    assert pack_images(source, images, folder, size=SIZE, masks=TopHalf()).fingerprint not in seen
    # Nothing of the earlier packs is left.
    assert len(list(folder.glob("[!.]*"))) == 3


def test_packs_from_before_images_were_turned_upright_are_packed_again(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    people, source = [PersonImage("a.jpg", 1)], Folder(tmp_path)
    Image.new("RGB", (8, 4)).save(tmp_path / "a.jpg", exif=exif)
    plain = hashlib.sha256(repr((1, (16, 8), "none", 0.05)).encode() + repr(people[0]).encode())
    plain.update(hashlib.sha256(source.read("a.jpg")).digest())
    settings = {"size": (16, 8), "masks": None, "min_share": 0.05}
    assert pack_fingerprint(source, people, **settings) != plain.hexdigest()[:32]


def test_masks_of_the_dataset_count_as_content(
    people: tuple[Folder, list[PersonImage]], tmp_path: Path, picture: Callable[..., bytes]
) -> None:
    source, images = people
    (source.path / "m.png").write_bytes(b"one")
    images = [replace(images[0], mask="m.png"), *images[1:]]
    first = pack_fingerprint(source, images, size=SIZE, masks=TopHalf(), min_share=0.05)
    without = pack_fingerprint(source, images, size=SIZE, masks=None, min_share=0.05)
    (source.path / "m.png").write_bytes(b"two")
    assert pack_fingerprint(source, images, size=SIZE, masks=TopHalf(), min_share=0.05) != first
    assert pack_fingerprint(source, images, size=SIZE, masks=None, min_share=0.05) == without


KILLED = """
import os, signal, sys
import numpy as np
from maskreid.images import Folder, PersonImage, pack_images
import maskreid.images.parts as parts
parts.MOST = 2
class Deadly:
    name, calls = "deadly", 0
    def __call__(self, source, images, pixels):
        Deadly.calls += 1
        if Deadly.calls == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        return [np.ones(p.shape[:2], bool) for p in pixels]
images = [PersonImage(f"{i}.png", 1, 1) for i in range(7)]
pack_images(Folder(sys.argv[1]), images, sys.argv[2], size=(20, 12), masks=Deadly())
"""


def test_a_kill_in_the_middle_leaves_the_old_pack(people: tuple[Folder, list[PersonImage]], tmp_path: Path) -> None:
    source, images = people
    folder = tmp_path / "pack"
    old = pack_images(source, images, folder, size=SIZE, masks=None)
    pixels = old.pixels.copy()
    command = [sys.executable, "-c", KILLED, str(source.path), str(folder)]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    after = open_packed(folder)
    assert after.fingerprint == old.fingerprint
    assert np.array_equal(after.pixels, pixels)
    leftovers = list(folder.glob("*.part"))
    assert leftovers  # the kill came while files were being written
    for part in leftovers:
        os.utime(part, (0, 0))
    pack_images(source, images, folder, size=SIZE, masks=TopHalf())
    assert not list(folder.glob("*.part"))


def test_an_error_in_the_middle_leaves_the_old_pack_and_no_litter(
    people: tuple[Folder, list[PersonImage]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, images = people
    folder = tmp_path / "pack"
    old = pack_images(source, images, folder, size=SIZE, masks=None)
    files = sorted(folder.iterdir())
    monkeypatch.setattr(parts, "MOST", 2)
    whole = (source.path / "5.png").read_bytes()
    (source.path / "5.png").write_bytes(whole[:50])
    with pytest.raises(MaskreidError, match=r"5\.png cannot be decoded"):
        pack_images(source, images, folder, size=SIZE, masks=TopHalf())
    assert open_packed(folder).fingerprint == old.fingerprint
    assert sorted(folder.iterdir()) == files


def test_files_of_others_are_left_alone(people: tuple[Folder, list[PersonImage]], tmp_path: Path) -> None:
    source, images = people
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "thesis.txt").write_text("mine")
    for name in ("holiday.mp4.part", "pixels-killed.npy.part"):
        (tmp_path / "pack" / name).write_text("begun")
        os.utime(tmp_path / "pack" / name, (0, 0))
    for masks in (None, TopHalf()):
        pack_images(source, images, tmp_path / "pack", size=SIZE, masks=masks)
    assert (tmp_path / "pack" / "thesis.txt").read_text() == "mine"
    assert [path.name for path in (tmp_path / "pack").glob("*.part")] == ["holiday.mp4.part"]


@pytest.mark.parametrize("damage", ["index", "pixels", "missing", "short"])
def test_a_damaged_pack_is_named_and_made_again(
    people: tuple[Folder, list[PersonImage]], tmp_path: Path, damage: str
) -> None:
    source, images = people
    folder = tmp_path / "pack"
    first = pack_images(source, images, folder, size=SIZE, masks=None)
    expected = first.pixels.copy()
    data = next(folder.glob("pixels-*.npy"))
    if damage == "index":
        (folder / "index.json").write_text("{}")
    elif damage == "pixels":
        data.write_bytes(data.read_bytes()[:-1])
    elif damage == "missing":
        data.unlink()
    else:
        np.save(data, np.zeros((6, *SIZE, 3), np.uint8))
    with pytest.raises(MaskreidError, match="pack"):
        open_packed(folder)
    told = Told()
    assert np.array_equal(pack_images(source, images, folder, size=SIZE, masks=None, progress=told).pixels, expected)
    assert told.heard[1].startswith("packing images again (")


class Wrong:
    name = "wrong"

    def __init__(self, masks: list[npt.NDArray[np.bool_]]) -> None:
        self.masks = masks

    def __call__(self, *_: object) -> list[npt.NDArray[np.bool_]]:
        return self.masks


@pytest.mark.parametrize(
    ("masks", "message"),
    [
        ([np.ones((16, 8), np.bool_)] * 6, "expected 7 masks, got 6"),
        ([np.ones((8, 16), np.bool_)] * 7, r"the mask of 0\.png is 8 x 16 \(height x width\), its image 16 x 8"),
    ],
)
def test_masks_that_do_not_fit(
    people: tuple[Folder, list[PersonImage]], tmp_path: Path, masks: list[npt.NDArray[np.bool_]], message: str
) -> None:
    with pytest.raises(MaskreidError, match=message):
        pack_images(*people, tmp_path / "pack", size=SIZE, masks=Wrong(masks))


def test_what_cannot_be_packed(people: tuple[Folder, list[PersonImage]], tmp_path: Path) -> None:
    source, images = people
    with pytest.raises(MaskreidError, match="no images to pack"):
        pack_images(source, [], tmp_path / "pack", masks=None)
    with pytest.raises(MaskreidError, match="size is"):
        pack_images(source, images, tmp_path / "pack", size=(0, 3), masks=None)
    with pytest.raises(MaskreidError, match="min_share is"):
        pack_images(source, images, tmp_path / "pack", masks=None, min_share=5)
    with pytest.raises(MaskreidError, match="no packed images here"):
        open_packed(tmp_path / "pack")
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(MaskreidError, match=r"file/pack: cannot be written"):
        pack_images(source, images, tmp_path / "file" / "pack", masks=None)


def test_of_several_that_need_a_pack_one_makes_it(
    people: tuple[Folder, list[PersonImage]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, images = people
    build, built = packing._build, []

    def slow(*arguments: Any) -> None:
        built.append(arguments)
        time.sleep(0.3)
        build(*arguments)

    monkeypatch.setattr(packing, "_build", slow)
    with ThreadPoolExecutor(4) as pool:
        made = pool.map(lambda _: pack_images(source, images, tmp_path / "pack", size=SIZE), range(4))
    assert len({packed.fingerprint for packed in made}) == 1
    assert len(built) == 1
    assert len(list((tmp_path / "pack").glob("[!.]*"))) == 3


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_share_is_up_to_the_whole_image(
    people: tuple[Folder, list[PersonImage]], tmp_path: Path, share: float
) -> None:
    masks = TopHalf(rows={"3.png": 0, "4.png": 16})
    packed = pack_images(*people, tmp_path / "pack", size=SIZE, masks=masks, min_share=share)
    assert packed.fallbacks == (6 if share else 0)  # only one mask covers its whole image
    for wrong in (share - 0.01, -1.0) if not share else (share + 0.01, float("nan")):
        with pytest.raises(MaskreidError, match=r"min_share is .*; expected a share of the image in \[0, 1\]"):
            pack_images(*people, tmp_path / "wrong", size=SIZE, masks=masks, min_share=wrong)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_packs_of_lying_pictures_of_any_kind_are_packed_again(tmp_path: Path, kind: str) -> None:
    """Their fingerprint is not that of before pictures were turned upright, and a plain picture's is."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    source, settings = Folder(tmp_path), {"size": (16, 8), "masks": None, "min_share": 0.05}
    Image.new("RGB", (8, 4)).save(tmp_path / "lying", kind, exif=exif)
    Image.new("RGB", (8, 4)).save(tmp_path / "plain", kind)
    for name in ("lying", "plain"):
        image = PersonImage(name, 1)
        before = hashlib.sha256(repr((1, (16, 8), "none", 0.05)).encode() + repr(image).encode())
        before.update(hashlib.sha256(source.read(name)).digest())
        same = pack_fingerprint(source, [image], **settings) == before.hexdigest()[:32]  # type: ignore[arg-type]
        assert same == (name == "plain")


def test_what_another_may_still_be_writing_is_left_for_an_hour(
    people: tuple[Folder, list[PersonImage]], tmp_path: Path
) -> None:
    folder = tmp_path / "pack"
    folder.mkdir()
    for name, minutes in (("pixels-a.npy.part", 59), ("masks-b.npy.part", 61), ("index.json-c.part", 61)):
        (folder / name).write_text("begun")
        os.utime(folder / name, (0, time.time() - 60 * minutes))
    pack_images(*people, folder, size=SIZE, masks=None)
    assert [path.name for path in folder.glob("*.part")] == ["pixels-a.npy.part"]


@pytest.mark.parametrize("index", ["[]", "5", "null", "{", "\x00", '{"version": 2, "pixels": 5}'])
def test_an_index_of_any_content_is_read_or_packed_again(
    people: tuple[Folder, list[PersonImage]], tmp_path: Path, index: str
) -> None:
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "index.json").write_text(index)
    with pytest.raises(MaskreidError, match="these packed images are damaged"):
        open_packed(tmp_path / "pack")
    assert len(pack_images(*people, tmp_path / "pack", size=SIZE, masks=None)) == 7


@pytest.mark.parametrize("data", [b"", np.zeros((7, *SIZE, 4), np.uint8), np.zeros((7, *SIZE), np.uint8)])
def test_pixels_that_are_none_are_damage(
    people: tuple[Folder, list[PersonImage]], tmp_path: Path, data: bytes | np.ndarray
) -> None:
    pack_images(*people, tmp_path / "pack", size=SIZE, masks=None)
    (file,) = (tmp_path / "pack").glob("pixels-*.npy")
    if isinstance(data, bytes):
        file.write_bytes(data)
    else:
        np.save(file, data)
    with pytest.raises(MaskreidError, match=r"these packed images are damaged|do not fit together"):
        open_packed(tmp_path / "pack")


def test_a_pack_of_another_version_is_packed_again(people: tuple[Folder, list[PersonImage]], tmp_path: Path) -> None:
    folder = tmp_path / "pack"
    pack_images(*people, folder, size=SIZE, masks=None)
    index = json.loads((folder / "index.json").read_text())
    (folder / "index.json").write_text(json.dumps({**index, "version": index["version"] - 1}))
    with pytest.raises(MaskreidError, match="another version of maskreid packed these images; pack them again"):
        open_packed(folder)
    assert len(pack_images(*people, folder, size=SIZE, masks=None)) == 7
    assert len(list(folder.glob("[!.]*"))) == 3


def test_an_index_that_names_files_elsewhere_deletes_none_of_them(
    people: tuple[Folder, list[PersonImage]], tmp_path: Path
) -> None:
    (tmp_path / "thesis.npy").write_text("mine")
    (tmp_path / "pack").mkdir()
    names = {"pixels": "../thesis.npy", "masks": str(tmp_path / "thesis.npy")}
    (tmp_path / "pack" / "index.json").write_text(json.dumps(names))
    pack_images(*people, tmp_path / "pack", size=SIZE, masks=None)
    assert (tmp_path / "thesis.npy").read_text() == "mine"
