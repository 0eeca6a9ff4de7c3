from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from maskreid.errors import MaskreidError
from maskreid.images import PersonImage, open_dataset


@pytest.mark.parametrize("seen", ["folder", "parent", "zip"])
def test_market_from_folder_parent_and_zip(market: Path, zipped: Callable[[Path], Path], seen: str) -> None:
    path = {"folder": lambda: market, "parent": lambda: market.parent, "zip": lambda: zipped(market)}[seen]()
    prefix = "" if seen == "folder" else f"{market.name}/"
    dataset = open_dataset(path)
    assert dataset.name == "market1501"
    assert dataset.splits == {
        "train": (
            PersonImage(f"{prefix}bounding_box_train/0002_c1s1_000451_03.jpg", 2, 1, 451.0),
            PersonImage(f"{prefix}bounding_box_train/0002_c2s1_000776_01.jpg", 2, 2, 776.0),
            PersonImage(f"{prefix}bounding_box_train/0007_c3s3_077419_03.jpg.jpg", 7, 3, 77419.0),
        ),
        "query": (PersonImage(f"{prefix}query/0001_c1s1_001051_00.jpg", 1, 1, 1051.0),),
        "gallery": (
            PersonImage(f"{prefix}bounding_box_test/-1_c1s1_000401_03.jpg", -1, 1, 401.0),
            PersonImage(f"{prefix}bounding_box_test/0000_c1s1_000151_01.jpg", 0, 1, 151.0),
            PersonImage(f"{prefix}bounding_box_test/0001_c1s1_001051_03.jpg", 1, 1, 1051.0),
            PersonImage(f"{prefix}bounding_box_test/0001_c2s1_000301_00.jpg", 1, 2, 301.0),
        ),
        "multi_query": (PersonImage(f"{prefix}gt_bbox/0001_c1s1_001051_00.jpg", 1, 1, 1051.0),),
    }
    assert dataset.ignored == {
        "gt_bbox box of a person who is no query": 1,
        "image whose name is not like 0001_c1s1_000151_01.jpg": 1,
        "left by the operating system (__MACOSX, ._*, Thumbs.db)": 2,
        "not an image (.txt)": 1,
    }
    assert dataset.source.read(dataset.splits["query"][0].path)


def test_sibling_masks_come_along(market: Path, plant: Callable[..., Path]) -> None:
    plant(
        market,
        [
            "bounding_box_train_seg/0002_c1s1_000451_03.png",
            "bounding_box_train_seg/0007_c3s3_077419_03.png",
            "query_seg/0001_c1s1_001051_00.jpg.png",
            "query_seg/0009_c1s1_001051_00.png",
        ],
    )
    dataset = open_dataset(market)
    assert [image.mask for image in dataset.splits["train"]] == [
        "bounding_box_train_seg/0002_c1s1_000451_03.png",
        None,
        "bounding_box_train_seg/0007_c3s3_077419_03.png",
    ]
    assert dataset.splits["query"][0].mask == "query_seg/0001_c1s1_001051_00.jpg.png"
    assert dataset.ignored["image outside bounding_box_train, query, bounding_box_test, gt_bbox"] == 1


def test_a_test_set_alone_is_enough(market: Path) -> None:
    for path in (market / "bounding_box_train").iterdir():
        path.unlink()
    assert set(open_dataset(market).splits) == {"query", "gallery", "multi_query"}


def test_one_split_folder_is_not_a_dataset(market: Path) -> None:
    with pytest.raises(MaskreidError, match="point at the folder above"):
        open_dataset(market / "bounding_box_train")


def test_the_real_one_has_the_published_counts(real_data: Path) -> None:
    dataset = open_dataset(real_data / "Market-1501-v15.09.15.zip")
    counts = {split: dataset.counts(split) for split in dataset.splits}
    assert (counts["train"].identities, counts["train"].images, counts["train"].cameras) == (751, 12936, 6)
    assert (counts["query"].identities, counts["query"].images, counts["query"].cameras) == (750, 3368, 6)
    gallery = counts["gallery"]
    assert (gallery.identities, gallery.images, gallery.cameras) == (750, 19732, 6)
    assert (gallery.junk, gallery.distractors) == (3819, 2798)
    assert counts["multi_query"].images == 12692


def test_names_may_be_in_capitals(tmp_path: Path, plant: Callable[..., Path]) -> None:
    names = ["bounding_box_test/0001_C2S1_000301_00.JPG", "bounding_box_train/0002_c1s1_000451_03.Png"]
    splits = open_dataset(plant(tmp_path / "market", names)).splits
    assert splits["gallery"] == (PersonImage(names[0], 1, 2, 301.0),)
    assert splits["train"] == (PersonImage(names[1], 2, 1, 451.0),)
