from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from maskreid.errors import MaskreidError
from maskreid.images import Dataset, Folder, PersonImage, Source, open_dataset
from maskreid.masks import DatasetMasks, FolderMasks, check_masks, make_masks


class LeftPart:
    """Masks that cover the left ``share`` of each image; counts its calls."""

    name = "left"

    def __init__(self, share: float = 0.5) -> None:
        self.share = share
        self.made = 0

    def __call__(
        self, source: Source, images: Sequence[PersonImage], pixels: Sequence[np.ndarray]
    ) -> list[np.ndarray]:
        self.made += len(images)
        masks = [np.zeros(image.shape[:2], bool) for image in pixels]
        for mask in masks:
            mask[:, : round(self.share * mask.shape[1])] = True
        return masks


def test_two_images_with_one_mask_are_refused(tmp_path: Path) -> None:
    for name in ("1.png", "1.jpg"):
        (tmp_path / "root" / "train" / "p0").mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (20, 40)).save(tmp_path / "root" / "train" / "p0" / name)
    with pytest.raises(MaskreidError, match=r"1\.jpg and train/p0/1\.png would both have the mask .*1\.png; rename"):
        make_masks(open_dataset(tmp_path / "root"), tmp_path / "masks", LeftPart())


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    images = {}
    for split, count in (("train", 3), ("query", 2)):
        (tmp_path / "root" / split).mkdir(parents=True)
        for i in range(count):
            Image.new("RGB", (20, 40), (i, 0, 0)).save(tmp_path / "root" / split / f"{i}.png")
        images[split] = tuple(PersonImage(f"{split}/{i}.png", i + 1, 1) for i in range(count))
    return Dataset("folders", Folder(tmp_path / "root"), images)


def test_masks_are_written_beside_their_names_and_only_once(dataset: Dataset, tmp_path: Path) -> None:
    out = tmp_path / "masks"
    assert make_masks(dataset, out, LeftPart()) == 5
    assert sorted(p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file()) == [
        "query/0.png",
        "query/1.png",
        "train/0.png",
        "train/1.png",
        "train/2.png",
    ]
    (out / "train/1.png").unlink()  # as a kill would leave it
    again = LeftPart()
    assert make_masks(dataset, out, again) == again.made == 1
    read = FolderMasks(out)(dataset.source, dataset.splits["train"], [])
    assert all(mask.shape == (40, 20) and mask[:, :10].all() and not mask[:, 10:].any() for mask in read)


def test_images_are_not_taken_for_masks(tmp_path: Path) -> None:
    for person in "ab":
        (tmp_path / person).mkdir()
        for number in (1, 2):
            Image.new("RGB", (16, 32)).save(tmp_path / person / f"{number}.png")
    with pytest.raises(
        MaskreidError, match=r"1\.png is an image, and its mask would be called so; name another folder"
    ):
        make_masks(open_dataset(tmp_path), tmp_path, DatasetMasks())


def test_masks_do_not_become_images_of_a_folder_of_any_images(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    Image.new("RGB", (16, 32)).save(tmp_path / "photos" / "a.jpg")
    photos = open_dataset(tmp_path / "photos", anything=True)
    with pytest.raises(MaskreidError, match=r"lies among the images of .*photos, and would be; name another folder"):
        make_masks(photos, tmp_path / "photos" / "masks", LeftPart())
    assert make_masks(photos, tmp_path / "masks", LeftPart()) == 1


def test_a_check_counts_coverage_and_small_masks(dataset: Dataset) -> None:
    report = check_masks(dataset.source, dataset.splits["train"], LeftPart(0.35), min_share=0.4)
    assert report.ok
    assert report.coverage == (0, 0, 0, 3, 0, 0, 0, 0, 0, 0)
    assert report.mean_coverage == pytest.approx(0.35)
    assert report.small == ("train/0.png", "train/1.png", "train/2.png")
    assert "30- 40 %" in str(report)
    assert "covers less than 40 %" in str(report)


def test_a_check_names_missing_and_mismatched_masks(dataset: Dataset, tmp_path: Path) -> None:
    out = tmp_path / "masks"
    make_masks(dataset, out, LeftPart())
    (out / "train/0.png").unlink()
    Image.new("L", (9, 9)).save(out / "train/1.png")
    report = check_masks(dataset.source, dataset.splits["train"], FolderMasks(out))
    assert not report.ok
    assert report.mismatched == ("train/1.png: mask 9x9, image 40x20",)
    assert len(report.missing) == 1
    assert "no mask for train/0.png" in report.missing[0]
    assert "error: mask missing or unreadable: 1" in str(report)


def test_masks_of_another_size_are_not_passed_on(dataset: Dataset, tmp_path: Path) -> None:
    make_masks(dataset, tmp_path / "masks", LeftPart())
    Image.new("L", (9, 9)).save(tmp_path / "masks" / "train" / "1.png")
    with pytest.raises(
        MaskreidError, match=r"the mask of train/1\.png is 9 x 9 \(height x width\), its image 40 x 20"
    ):
        make_masks(dataset, tmp_path / "again", FolderMasks(tmp_path / "masks"))


def test_an_unreadable_image_stops_with_its_name(dataset: Dataset, tmp_path: Path) -> None:
    (tmp_path / "root/train/0.png").write_bytes(b"not an image")
    with pytest.raises(MaskreidError, match=r"train/0.png cannot be decoded"):
        make_masks(dataset, tmp_path / "masks", LeftPart())
