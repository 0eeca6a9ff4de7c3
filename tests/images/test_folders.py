from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from maskreid.errors import MaskreidError
from maskreid.images import PersonImage, open_dataset

Plant = Callable[..., Path]


def test_a_date_in_a_name_is_no_camera(tmp_path: Path, plant: Plant) -> None:
    root = plant(tmp_path / "staff", ["ann/1_c20261123080000.jpg", "bob/1_c12.jpg"])
    assert [image.camera for image in open_dataset(root).splits["train"]] == [-1, 12]


@pytest.mark.parametrize(
    ("name", "header"),
    [("notes.csv", "name,age"), ("Notes.CSV", ""), ("people.csv", "path,identity,camera,split"), (".x.csv", "a")],
)
def test_other_tables_may_lie_beside_the_folders(tmp_path: Path, plant: Plant, name: str, header: str) -> None:
    root = plant(tmp_path / "staff", ["ann/1.jpg", "bob/1.jpg"])
    (root / name).write_text(header + "\n")
    (root / "recipe.toml").touch()  # people.csv is that of a run
    assert open_dataset(root).name == "folders"


@pytest.mark.parametrize("seen", ["folder", "parent", "zip"])
def test_a_folder_for_each_person(tmp_path: Path, plant: Plant, zipped: Callable[[Path], Path], seen: str) -> None:
    root = plant(tmp_path / "data" / "staff", ["bob/2_c3.jpg", "alice/1.jpg", "alice/notes.txt", "alone.jpg"])
    path = {"folder": lambda: root, "parent": lambda: root.parent, "zip": lambda: zipped(root)}[seen]()
    prefix = "" if seen == "folder" else "staff/"
    dataset = open_dataset(path)
    assert dataset.name == "folders"
    assert dataset.splits == {
        "train": (PersonImage(f"{prefix}alice/1.jpg", 1, -1), PersonImage(f"{prefix}bob/2_c3.jpg", 2, 3))
    }
    assert dataset.identity_names == {1: "alice", 2: "bob"}
    assert dataset.ignored == {"image in no person's folder": 1, "not an image (.txt)": 1}


def test_split_folders(tmp_path: Path, plant: Plant) -> None:
    root = plant(
        tmp_path,
        [
            "train_all/eve/x_c1.jpg",
            "train/eve/x_c1.jpg",
            "query/0000/q_c1.jpg",
            "query/adam/q_c1.jpg",
            "gallery/adam/g_c2.jpg",
            "gallery/0000/g_c2.jpg",
            "gallery/-1/junk_c2.jpg",
            "multi-query/adam/m_c1.jpg",
        ],
    )
    dataset = open_dataset(root)
    # "0000" is asked for, so it is a person; "-1" is only in the gallery.
    assert dataset.identity_names == {1: "0000", 2: "adam", 3: "eve"}
    assert {split: [i.identity for i in images] for split, images in dataset.splits.items()} == {
        "train": [3],
        "query": [1, 2],
        "gallery": [-1, 1, 2],
        "multi_query": [2],
    }
    assert dataset.ignored == {"image in no person's folder": 1}


def test_distractors_are_those_of_the_gallery_only(tmp_path: Path, plant: Plant) -> None:
    root = plant(tmp_path, ["query/0001/q_c1.jpg", "gallery/0001/g_c2.jpg", "gallery/0000/g_c2.jpg"])
    assert [image.identity for image in open_dataset(root).splits["gallery"]] == [0, 1]


def test_train_all_stands_in_for_train(tmp_path: Path, plant: Plant) -> None:
    root = plant(tmp_path, ["train_all/eve/x_c1.jpg", "train_all/ann/x_c1.jpg"])
    assert len(open_dataset(root).splits["train"]) == 2


@pytest.mark.parametrize(
    "members",
    [
        ["cam_a/1.png", "cam_b/1.png"],  # PRID 2011: cameras, not persons
        ["Camera 1/1.png", "Camera 2/1.png"],
        ["images/0001001a.png", "images/0001002a.png"],  # like CUHK01: one folder
        ["bounding_box_train/a.jpg", "bounding_box_test/b.jpg"],  # Market-1501 with names gone wrong
    ],
)
def test_folders_that_are_no_persons_are_not_guessed_at(tmp_path: Path, plant: Plant, members: list[str]) -> None:
    plant(tmp_path / "x", members)
    with pytest.raises(MaskreidError, match="no known dataset"):
        open_dataset(tmp_path / "x")


def test_asked_for_by_name_one_person_is_enough(tmp_path: Path, plant: Plant) -> None:
    root = plant(tmp_path, ["cam_a/1.png"])
    assert open_dataset(root, "folders").identity_names == {1: "cam_a"}


def test_train_counts_before_train_all(tmp_path: Path, plant: Plant) -> None:
    root = plant(tmp_path, ["train_all/eve/a.jpg", "train_all/ann/b.jpg", "train/eve/c.jpg"])
    dataset = open_dataset(root)
    assert [image.path for image in dataset.splits["train"]] == ["train/eve/c.jpg"]
    assert dataset.ignored == {"image in no person's folder": 2}


def test_a_camera_may_be_named_in_capitals(tmp_path: Path, plant: Plant) -> None:
    root = plant(tmp_path / "staff", ["ann/1_C7.jpg", "bob/1.jpg"])
    assert [image.camera for image in open_dataset(root).splits["train"]] == [7, -1]


@pytest.mark.parametrize("seen", ["folder", "parent"])
def test_people_have_their_numbers_from_their_folder(tmp_path: Path, plant: Plant, seen: str) -> None:
    root = plant(tmp_path / "data" / "staff", ["ann/1.jpg", "bob/1.jpg"])
    assert open_dataset(root if seen == "folder" else root.parent).numbering == str(root)
