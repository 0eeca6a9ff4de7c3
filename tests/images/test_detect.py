from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from maskreid.errors import MaskreidError
from maskreid.images import DISTRACTOR, FORMATS, open_dataset, open_images


def test_an_unknown_format_is_answered_with_the_nearest(market: Path) -> None:
    with pytest.raises(MaskreidError, match=r"'market1510': expected .*; did you mean market1501\?") as error:
        open_dataset(market, "market1510")
    assert all(name in str(error.value) for name in FORMATS)


def test_a_failure_says_what_was_looked_for_and_found(tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "a.txt").write_text("dear")
    with pytest.raises(MaskreidError) as error:
        open_dataset(tmp_path)
    message = str(error.value)
    assert "Found 1 files in letters/" in message
    assert "bounding_box_train" in message
    assert "list_train.txt" in message
    assert "path, identity, camera, split" in message
    with pytest.raises(MaskreidError, match=r"no dukemtmc dataset.*_f0044158") as error:
        open_dataset(tmp_path, "dukemtmc")
    assert "list_train.txt" not in str(error.value)


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(MaskreidError, match="no such folder or zip"):
        open_dataset(tmp_path / "absent")
    with pytest.raises(MaskreidError, match="an empty folder"):
        open_dataset(tmp_path)


def test_the_right_files_read_as_the_wrong_format(market: Path) -> None:
    with pytest.raises(MaskreidError, match="no dukemtmc dataset"):
        open_dataset(market, "dukemtmc")


def test_two_datasets_in_one_folder(market: Path, plant: Callable[..., Path]) -> None:
    plant(market.parent / "DukeMTMC-reID", ["bounding_box_train/0001_c2_f0046182.jpg"])
    with pytest.raises(MaskreidError, match=r"DukeMTMC-reID \(dukemtmc\)") as error:
        open_dataset(market.parent)
    assert "Market-1501-v15.09.15 (market1501)" in str(error.value)
    assert open_dataset(market.parent, "market1501").name == "market1501"
    assert open_dataset(market).name == "market1501"


def test_what_is_pointed_at_inside_a_zip_is_found_beside_a_published_dataset(
    market: Path, plant: Callable[..., Path], zipped: Callable[[Path], Path]
) -> None:
    plant(market.parent / "people", ["anna/1.png", "bob/1.png"])
    archive = zipped(market.parent)
    for path in (market.parent / "people", archive / "people", archive / "data" / "people"):
        assert [image.path.rpartition("people/")[2] or image.path for image in open_dataset(path).splits["train"]]
        assert open_dataset(path).name == "folders"
        assert open_dataset(path).counts("train").identities == 2
    assert open_dataset(archive / market.name).name == "market1501"


def test_hidden_folders_are_nobodys(tmp_path: Path, plant: Callable[..., Path]) -> None:
    folder = plant(tmp_path / "photos", ["a.jpg", ".Trash-1000/files/b.jpg", "june/.thumbnails/a.jpg"])
    dataset = open_dataset(folder, anything=True)
    assert [image.path for image in dataset.splits["gallery"]] == ["a.jpg"]
    assert dataset.ignored == {"hidden file": 2}
    people = plant(tmp_path / "people", ["anna/1.png", "bob/1.png", ".thumbnails/1.png"])
    assert open_dataset(people).identity_names == {1: "anna", 2: "bob"}


@pytest.mark.parametrize("masks", ["masks", "a/b"])
def test_masks_made_inside_a_dataset_are_no_dataset_beside_it(
    market: Path, tmp_path: Path, plant: Callable[..., Path], masks: str
) -> None:
    plant(market / masks, ["bounding_box_train/0002_c1s1_000451_03.png", "query/0001_c1s1_001051_00.png"])
    people = plant(tmp_path / "people", [f"{where}{name}/1.png" for where in ("", f"{masks}/") for name in "xyz"])
    assert [image.path for image in open_dataset(people).splits["train"]] == ["x/1.png", "y/1.png", "z/1.png"]
    for path in (market, market.parent):
        assert len(open_dataset(path).splits["train"]) == 3


def test_two_layouts_in_one_folder_are_told_apart_by_format(tmp_path: Path, plant: Callable[..., Path]) -> None:
    plant(tmp_path, ["bounding_box_train/0001_c2_f0046182.jpg", "bounding_box_train/0001_c1s1_000001_00.jpg"])
    with pytest.raises(MaskreidError, match=r"the top \(dukemtmc\); say which with --format"):
        open_dataset(tmp_path)


def test_images_of_no_known_layout_are_taken_only_if_asked_for(tmp_path: Path, plant: Callable[..., Path]) -> None:
    folder = plant(tmp_path / "photos", ["monday/a.jpg", "b.png"])
    (folder / "notes.txt").write_text("not an image")
    with pytest.raises(MaskreidError, match="Found 3 files"):
        open_dataset(folder)
    for dataset in (open_dataset(folder, "images"), open_dataset(folder, anything=True)):
        assert [(image.path, image.identity) for image in dataset.splits["gallery"]] == [
            ("b.png", DISTRACTOR),
            ("monday/a.jpg", DISTRACTOR),
        ]
        assert dataset.ignored == {"not an image (.txt)": 1}
    one = open_dataset(folder / "monday" / "a.jpg", anything=True)
    assert [image.path for image in one.splits["gallery"]] == ["a.jpg"]


def test_a_known_layout_stays_what_it_is_where_anything_is_taken(market: Path) -> None:
    assert open_dataset(market, anything=True).name == "market1501"


@pytest.mark.parametrize("digits", [7, 8])
@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_frames_of_a_video_are_no_published_dataset(
    tmp_path: Path, plant: Callable[..., Path], digits: int, suffix: str
) -> None:
    """Numbers such as i-LIDS's, CUHK01's and VIPeR's: every frame is taken, of nobody known."""
    frames = [f"{number:0{digits}}{suffix}" for number in [*range(1, 30), *range(1000, 1012), *range(10_000, 10_004)]]
    folder = plant(tmp_path / "frames", frames)
    with pytest.raises(MaskreidError, match="no known dataset"):
        open_dataset(folder)
    dataset = open_dataset(folder, anything=True)
    assert (dataset.name, len(dataset.images())) == ("images", len(frames))
    people = plant(tmp_path / "photos", [f"{name}/{frame}" for name in ("ann", "bob") for frame in frames[:4]])
    assert open_dataset(people).name == "folders"


def test_some_files_of_a_folder_are_one_dataset(tmp_path: Path, plant: Callable[..., Path]) -> None:
    folder = plant(tmp_path / "photos", ["a.jpg", "b.png", "c.png"])
    dataset = open_images(folder, ["c.png", "a.jpg", "c.png"])
    assert [image.path for image in dataset.images()] == ["a.jpg", "c.png"]
    assert dataset.name == "images"


def test_pictures_of_other_kinds_are_named_as_such(tmp_path: Path, plant: Callable[..., Path]) -> None:
    folder = plant(tmp_path / "photos", ["a.jpg", "b.HEIC"])
    dataset = open_dataset(folder, anything=True)
    assert dataset.ignored == {"picture of a kind that is not read (.heic), save it as JPEG": 1}
