from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from maskreid.errors import MaskreidError
from maskreid.images import Folder, PersonImage
from maskreid.masks import DatasetMasks, FolderMasks
from maskreid.masks.stored import mask_names


def _png(path: Path, mask: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(mask.astype(np.uint8) * 255).save(path)


MASK = np.eye(6, 4, dtype=bool)


@pytest.mark.parametrize(
    "name",
    ["Market/bounding_box_train/a.png", "bounding_box_train/a.png", "bounding_box_train_seg/a.png", "a.png"],
)
def test_a_tree_may_start_anywhere_below_the_dataset(tmp_path: Path, name: str) -> None:
    _png(tmp_path / "masks" / name, MASK)
    image = PersonImage("Market/bounding_box_train/a.jpg", 1, 1)
    found = FolderMasks(tmp_path / "masks")(Folder(tmp_path), [image], [])
    np.testing.assert_array_equal(found[0], MASK)


def test_the_most_specific_name_comes_first() -> None:
    assert mask_names("root/query/a.jpg") == [
        "root/query/a.png",
        "root/query_seg/a.png",
        "query/a.png",
        "query_seg/a.png",
        "a.png",
    ]


def test_a_missing_mask_is_named(tmp_path: Path) -> None:
    _png(tmp_path / "masks" / "other.png", MASK)
    with pytest.raises(MaskreidError, match=r"no mask for query/a.jpg; expected one of query/a.png"):
        FolderMasks(tmp_path / "masks")(Folder(tmp_path), [PersonImage("query/a.jpg", 1, 1)], [])


def test_a_suffix_may_be_in_capitals(tmp_path: Path) -> None:
    _png(tmp_path / "masks" / "query" / "a.PNG", MASK)
    found = FolderMasks(tmp_path / "masks")(Folder(tmp_path), [PersonImage("query/a.jpg", 1, 1)], [])
    np.testing.assert_array_equal(found[0], MASK)


def test_a_name_need_not_be_utf8(tmp_path: Path) -> None:
    odd = os.fsdecode(b"Jos\xe9")
    _png(tmp_path / odd / "1.png", MASK)
    found = FolderMasks(tmp_path)(Folder(tmp_path), [PersonImage(f"{odd}/1.jpg", 1, 1)], [])
    np.testing.assert_array_equal(found[0], MASK)


def test_a_mask_is_not_given_to_two_images(tmp_path: Path) -> None:
    _png(tmp_path / "001.png", MASK)
    masks, images = FolderMasks(tmp_path), [PersonImage(f"{person}/001.jpg", 1, 1) for person in ("anna", "ben")]
    masks(Folder(tmp_path), images[:1], [])
    masks(Folder(tmp_path), images[:1], [])
    with pytest.raises(MaskreidError, match=r"001\.png is named after both anna/001\.jpg and ben/001\.jpg; lay"):
        masks(Folder(tmp_path), images[1:], [])


def test_a_folder_without_masks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MaskreidError, match="found no PNG"):
        FolderMasks(tmp_path)


def test_the_name_follows_the_content(tmp_path: Path) -> None:
    _png(tmp_path / "a.png", MASK)
    first = FolderMasks(tmp_path).name
    _png(tmp_path / "a.png", ~MASK)
    assert FolderMasks(tmp_path).name != first


def test_masks_that_came_with_the_dataset(tmp_path: Path) -> None:
    _png(tmp_path / "query_seg" / "a.png", MASK)
    images = [PersonImage("query/a.jpg", 1, 1, mask="query_seg/a.png"), PersonImage("query/b.jpg", 1, 1)]
    np.testing.assert_array_equal(DatasetMasks()(Folder(tmp_path), images[:1], [])[0], MASK)
    with pytest.raises(MaskreidError, match=r"no mask came with query/b.jpg"):
        DatasetMasks()(Folder(tmp_path), images, [])
