from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from maskreid.errors import MaskreidError
from maskreid.gallery import Gallery, ask, enrol, search
from maskreid.images import Dataset, open_dataset
from maskreid.masks import DatasetMasks, make_masks


def test_an_enrolled_image_is_found_as_a_query(filled: Gallery, world: Dataset) -> None:
    names, vectors = ask(filled, world)
    assert vectors.shape == (len(names), 16)
    place = names.index(world.splits["gallery"][0].path)
    (hits,) = search(filled, vectors[place : place + 1], top=1)
    assert hits[0].entry.path == names[place]
    assert hits[0].similarity == pytest.approx(1, abs=1e-5)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_a_query_without_a_mask_gets_the_shipped_segmenters(
    filled: Gallery, world: Dataset, tmp_path: Path, model: str
) -> None:
    """The gallery's masks came with its images, and a photo of somebody has none."""
    image = world.splits["query"][0]
    (tmp_path / "photo.png").write_bytes(world.source.read(image.path))
    photo = open_dataset(tmp_path / "photo.png", anything=True)
    by_segmenter = Gallery.create(tmp_path / "fcn", model, masks="fcn")
    np.testing.assert_allclose(ask(filled, photo)[1], ask(by_segmenter, photo)[1], atol=1e-6)
    some = (replace(image, mask=None), *world.splits["query"][1:3])
    names, mixed = ask(filled, replace(world, splits={"query": some}))
    assert list(names) == [each.path for each in some]
    np.testing.assert_allclose(mixed[:1], ask(by_segmenter, photo)[1], atol=1e-6)
    np.testing.assert_allclose(mixed[1:], ask(filled, replace(world, splits={"query": some[1:]}))[1], atol=1e-6)


def test_a_gallery_knows_its_folder_of_masks_from_anywhere(
    world: Dataset, tmp_path: Path, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MaskreidError, match="nowhere"):
        Gallery.create(tmp_path / "g", model, masks="nowhere")
    few = replace(world, splits={"query": world.splits["query"][:2], "gallery": world.splits["gallery"][:2]})
    make_masks(replace(few, splits={"gallery": few.splits["gallery"]}), "masks", DatasetMasks())
    gallery = Gallery.create(tmp_path / "g", model, masks="masks")
    monkeypatch.chdir("/")
    assert enrol(gallery, few, splits=["gallery"]).added == 2
    names, vectors = ask(gallery, few)  # queries have no file there
    (hits,) = search(gallery, vectors[[names.index(few.splits["gallery"][1].path)]], top=1)
    assert hits[0].similarity == pytest.approx(1, abs=1e-5)


def test_a_query_that_is_no_image(filled: Gallery, tmp_path: Path) -> None:
    (tmp_path / "bad.jpg").write_bytes(b"no image")
    with pytest.raises(MaskreidError, match=r"bad\.jpg"):
        ask(filled, open_dataset(tmp_path / "bad.jpg", anything=True))


def test_masks_that_are_no_longer_there_are_not_needed_for_a_photo(
    world: Dataset, tmp_path: Path, model: str
) -> None:
    few = replace(world, splits={"gallery": world.splits["gallery"][:2]})
    make_masks(few, tmp_path / "masks", DatasetMasks())
    gallery = Gallery.create(tmp_path / "g", model, masks=str(tmp_path / "masks"))
    (tmp_path / "masks").rename(tmp_path / "elsewhere")
    (tmp_path / "photo.png").write_bytes(world.source.read(world.splits["query"][0].path))
    photo = open_dataset(tmp_path / "photo.png", anything=True)
    by_segmenter = Gallery.create(tmp_path / "fcn", model, masks="fcn")
    np.testing.assert_allclose(ask(gallery, photo)[1], ask(by_segmenter, photo)[1], atol=1e-6)
