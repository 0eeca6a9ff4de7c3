"""DukeMTMC-reID, CUHK03-NP and MSMT17, each from its folder, the folder above and a zip."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from maskreid.errors import MaskreidError
from maskreid.images import Dataset, PersonImage, open_dataset

Plant = Callable[..., Path]
Zipped = Callable[[Path], Path]


def opened(root: Path, zipped: Zipped) -> list[Dataset]:
    """Open a dataset in three ways and check that they agree but for the prefix of the paths."""
    prefix = f"{root.name}/"
    folder, *others = (open_dataset(path) for path in (root, root.parent, zipped(root)))
    for other in others:
        assert other.name == folder.name
        assert other.ignored == folder.ignored
        assert {
            split: [(i.path, i.identity, i.camera) for i in images] for split, images in other.splits.items()
        } == {
            split: [(prefix + i.path, i.identity, i.camera) for i in images]
            for split, images in folder.splits.items()
        }
    return [folder, *others]


def test_dukemtmc(tmp_path: Path, plant: Plant, zipped: Zipped) -> None:
    root = plant(
        tmp_path / "data" / "DukeMTMC-reID",
        [
            "bounding_box_train/0001_c2_f0046182.jpg",
            "bounding_box_test/0002_c1_f0044158.jpg",
            "query/0002_c8_f0044200.jpg",
            "CITATION.txt",
        ],
    )
    dataset = opened(root, zipped)[0]
    assert dataset.name == "dukemtmc"
    assert dataset.splits == {
        "train": (PersonImage("bounding_box_train/0001_c2_f0046182.jpg", 1, 2, 46182.0),),
        "query": (PersonImage("query/0002_c8_f0044200.jpg", 2, 8, 44200.0),),
        "gallery": (PersonImage("bounding_box_test/0002_c1_f0044158.jpg", 2, 1, 44158.0),),
    }
    assert dataset.ignored == {"not an image (.txt)": 1}


CUHK = ["bounding_box_train/0003_c1_1.png", "bounding_box_test/0001_c2_4.png", "query/0001_c1_2.png"]


def test_cuhk03_np_with_one_subset(tmp_path: Path, plant: Plant, zipped: Zipped) -> None:
    root = plant(tmp_path / "data" / "cuhk03-np", [f"labeled/{name}" for name in CUHK])
    dataset = opened(root, zipped)[0]
    assert dataset.name == "cuhk03-np"
    assert dataset.splits["train"] == (PersonImage("labeled/bounding_box_train/0003_c1_1.png", 3, 1),)
    assert {split: len(images) for split, images in dataset.splits.items()} == {"train": 1, "query": 1, "gallery": 1}


def test_cuhk03_np_with_both_subsets_must_be_told_which(tmp_path: Path, plant: Plant, zipped: Zipped) -> None:
    root = plant(tmp_path / "cuhk03-np", [f"{subset}/{name}" for subset in ("labeled", "detected") for name in CUHK])
    archive = zipped(root)
    for path in (root, archive):
        with pytest.raises(MaskreidError, match=r"there are 2 datasets: .*detected.*labeled.*point at one of them"):
            open_dataset(path)
    for path in (root / "labeled", archive / "labeled", archive / "cuhk03-np" / "labeled"):
        images = open_dataset(path).splits["query"]
        assert len(images) == 1
        assert "detected" not in images[0].path


def msmt(root: Path, plant: Plant, train: str = "train", test: str = "test") -> Path:
    plant(
        root,
        [
            f"{train}/0000/0000_000_01_0303morning_0008_0.jpg",
            f"{train}/0000/0000_001_14_0303morning_0009_1.jpg",
            f"{train}/0000/0000_002_15_0303noon_0010_1.jpg",
            f"{test}/0000/0000_000_02_0303morning_0008_0.jpg",
            f"{test}/0000/0000_001_03_0303morning_0008_0.jpg",
            f"{test}/0000/0000_002_04_0303morning_0008_0.jpg",
        ],
    )
    lists = {
        "train": "0000/0000_000_01_0303morning_0008_0.jpg 0\n",
        "val": "0000/0000_001_14_0303morning_0009_1.jpg 0\n",
        "query": "0000/0000_000_02_0303morning_0008_0.jpg 0\n",
        "gallery": "0000/0000_001_03_0303morning_0008_0.jpg 0\n\n",
    }
    for name, text in lists.items():
        (root / f"list_{name}.txt").write_text(text)
    return root


@pytest.mark.parametrize(
    ("name", "train", "test"), [("MSMT17_V1", "train", "test"), ("MSMT17_V2", "mask_train_v2", "mask_test_v2")]
)
def test_msmt17(tmp_path: Path, plant: Plant, zipped: Zipped, name: str, train: str, test: str) -> None:
    dataset = opened(msmt(tmp_path / "data" / name, plant, train, test), zipped)[0]
    assert dataset.name == "msmt17"
    # Label 0 is one person in the training lists and another in the test lists.
    assert dataset.splits == {
        "train": (PersonImage(f"{train}/0000/0000_000_01_0303morning_0008_0.jpg", 1, 1),),
        "val": (PersonImage(f"{train}/0000/0000_001_14_0303morning_0009_1.jpg", 1, 14),),
        "query": (PersonImage(f"{test}/0000/0000_000_02_0303morning_0008_0.jpg", 1042, 2),),
        "gallery": (PersonImage(f"{test}/0000/0000_001_03_0303morning_0008_0.jpg", 1042, 3),),
    }
    assert dataset.ignored == {"image that no list names": 2}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("0000/0000_000_01_0303morning_0008_0.jpg", "line 2: expected a line such as"),
        ("0000/absent_000_01_x.jpg 0", r"line 2: there is no train/0000/absent_000_01_x\.jpg"),
        ("0000/0000_000_01_0303morning_0008_0.jpg 1041", "line 2: label is 1041; expected 0 to 1040"),
    ],
)
def test_msmt17_with_a_bad_line(tmp_path: Path, plant: Plant, line: str, message: str) -> None:
    root = msmt(tmp_path / "MSMT17_V1", plant)
    with (root / "list_train.txt").open("a") as file:
        file.write(line + "\n")
    with pytest.raises(MaskreidError, match=rf"list_train\.txt, {message}"):
        open_dataset(root)


def test_msmt17_lists_without_images(tmp_path: Path, plant: Plant) -> None:
    root = msmt(tmp_path / "MSMT17_V1", plant)
    (root / "train").rename(root / "training")
    with pytest.raises(
        MaskreidError, match=r"list_train\.txt is there but its images are not.*train or mask_train_v2"
    ):
        open_dataset(root)


def test_msmt17_numbers_the_tested_after_the_learned_and_sorts_by_file(tmp_path: Path, plant: Plant) -> None:
    """Labels of the test lists go on where those of training end, up to 3059."""
    names = ["0000/0000_009_02_x.jpg", "0000/0000_001_03_x.jpg", "3059/3059_000_04_x.jpg"]
    root = plant(tmp_path / "MSMT17_V1", [f"test/{name}" for name in names])
    lines = [f"{names[0]} 0", f"{names[1]} 0", f"{names[2]} 3059"]
    (root / "list_gallery.txt").write_text("\n".join(lines))
    assert open_dataset(root).splits == {
        "gallery": (
            PersonImage("test/0000/0000_001_03_x.jpg", 1042, 3),
            PersonImage("test/0000/0000_009_02_x.jpg", 1042, 2),
            PersonImage("test/3059/3059_000_04_x.jpg", 4101, 4),
        )
    }


@pytest.mark.parametrize(
    "line",
    [
        b"0000/0000_000_01_0303morning_0008_0.jpg x",
        b"0000/0000_000_01_0303morning_0008_0.jpg -1",
        b"0000/0000_000_left_0303morning_0008_0.jpg 0",
        b"0000/0000_000.jpg 0",
        b"\xff\xfe",
    ],
)
def test_msmt17_with_a_line_that_is_none(tmp_path: Path, plant: Plant, line: bytes) -> None:
    root = msmt(tmp_path / "MSMT17_V1", plant)
    (root / "list_train.txt").write_bytes(line)
    with pytest.raises(MaskreidError, match=r"list_train\.txt, line 1: expected a line such as"):
        open_dataset(root)


def test_junk_of_dukemtmc_is_in_the_gallery(tmp_path: Path, plant: Plant) -> None:
    names = ["bounding_box_test/-1_c3_f0000001.jpg", "bounding_box_train/0001_c2_f0046182.jpg"]
    assert open_dataset(plant(tmp_path / "duke", names)).splits["gallery"] == (PersonImage(names[0], -1, 3, 1.0),)
