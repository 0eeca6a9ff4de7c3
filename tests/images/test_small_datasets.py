"""VIPeR, PRID 2011, CUHK01, i-LIDS, 3DPeS, Shinpuhkan: copies with the published counts, and the real ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from maskreid.errors import MaskreidError
from maskreid.images import Dataset, check_dataset, open_dataset

Plant = Callable[..., Path]
Zipped = Callable[[Path], Path]


def names(name: str) -> list[str]:
    """File names of a whole dataset, with the counts that are published for it."""
    if name == "viper":
        angles = (0, 45, 90, 135, 180)
        return [f"cam_{c}/{3 * i:03d}_{angles[i % 5]}.bmp" for c in "ab" for i in range(632)]
    if name == "prid2011":
        single = [f"cam_{c}/person_{i:04d}.png" for c, n in (("a", 385), ("b", 749)) for i in range(1, n + 1)]
        return [f"single_shot/{member}" for member in single]
    if name == "cuhk01":
        return [f"campus/{i:04d}{k:03d}.png" for i in range(1, 972) for k in range(1, 5)]
    if name == "ilids":
        return [f"Persons/{i:04d}{k:03d}.jpg" for i in range(1, 120) for k in range(1, 5)]
    if name == "3dpes":
        return [f"RGB/{i}_{v}_{k}.bmp" for i in range(193) for v in range(1, 2 + i % 4) for k in (10, 20)]
    return [f"images/{i % 24 + 1:03d}_{i // 24 % 16 + 1:02d}_{i // 384 + 1:04d}.jpg" for i in range(22_504)]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """All of them as empty files: opening a dataset reads names only."""
    top = tmp_path_factory.mktemp("small")
    roots = {}
    for name in ("viper", "prid2011", "cuhk01", "ilids", "3dpes", "shinpuhkan"):
        roots[name] = top / name / "download"
        for member in names(name):
            path = roots[name] / member
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    return roots


def people(dataset: Dataset, split: str) -> set[int]:
    return {image.identity for image in dataset.splits[split]}


@pytest.mark.parametrize(
    ("name", "train", "query", "gallery"),
    [
        ("viper", (316, 632), (316, 316), (316, 316)),
        ("prid2011", (285, 385), (100, 100), (649, 649)),
        ("cuhk01", (485, 1940), (486, 972), (486, 972)),
        ("ilids", (59, 236), (60, 120), (60, 120)),
    ],
)
def test_counts_are_the_published_ones(
    folders: dict[str, Path],
    name: str,
    train: tuple[int, int],
    query: tuple[int, int],
    gallery: tuple[int, int],
) -> None:
    dataset = open_dataset(folders[name])
    assert (dataset.name, dataset.split) == (name, 0)
    for split, expected in (("train", train), ("query", query), ("gallery", gallery)):
        counts = dataset.counts(split)
        assert (counts.identities, counts.images) == expected
    assert not people(dataset, "train") & people(dataset, "gallery")
    assert people(dataset, "query") <= people(dataset, "gallery")
    assert {image.camera for image in dataset.splits["query"]} == {1}
    assert {image.camera for image in dataset.splits["gallery"]} == {2}
    assert open_dataset(folders[name].parent).counts("query") == dataset.counts("query")


def test_3dpes_parts_views_and_drops_test_people_with_one_view(folders: dict[str, Path]) -> None:
    dataset = open_dataset(folders["3dpes"])
    assert dataset.counts("train").identities == 93
    assert people(dataset, "query") == people(dataset, "gallery")
    one_view = set(range(1, 194, 4))  # every fourth person, numbered from 1, has one view only
    assert not people(dataset, "query") & one_view
    assert len(people(dataset, "query")) == 100 - len(one_view - people(dataset, "train"))
    sides: dict[tuple[str, str], set[int]] = {}
    for split in ("query", "gallery"):
        for image in dataset.splits[split]:
            person, view, _ = Path(image.path).name.split("_")
            sides.setdefault((person, view), set()).add(image.camera)
    assert all(len(cameras) == 1 for cameras in sides.values())
    assert set(dataset.ignored) == {"other image, or image of a test person who is not in both cameras"}


def test_shinpuhkan_is_for_training(folders: dict[str, Path]) -> None:
    dataset = open_dataset(folders["shinpuhkan"])
    assert set(dataset.splits) == {"train"}
    counts = dataset.counts("train")
    assert (counts.identities, counts.images, counts.cameras) == (24, 22_504, 16)
    with pytest.raises(MaskreidError, match="split is 1; shinpuhkan has one split only, number 0"):
        open_dataset(folders["shinpuhkan"], split=1)


@pytest.mark.parametrize("name", ["viper", "prid2011", "cuhk01", "ilids", "3dpes"])
def test_a_split_is_its_number(folders: dict[str, Path], name: str) -> None:
    first, again, other = (open_dataset(folders[name], split=number) for number in (4, 4, 5))
    assert first.splits == again.splits
    assert people(first, "query") != people(other, "query")
    assert first.split == 4
    with pytest.raises(MaskreidError, match="splits are numbered from 0"):
        open_dataset(folders[name], split=-1)


def test_prid_learns_from_ten_frames_of_each_camera_where_there_are_videos(tmp_path: Path, plant: Plant) -> None:
    single = [f"single_shot/cam_{c}/person_{i:04d}.png" for c in "ab" for i in (1, 2, 201)]
    multi = [
        f"multi_shot/cam_{c}/person_{i:04d}/{k:04d}.png" for c in "ab" for i in (1, 2, 201) for k in range(1, 13)
    ]
    dataset = open_dataset(plant(tmp_path / "prid_2011", single + multi))
    learned = people(dataset, "train")
    assert len(learned) == 2
    assert 201 in learned  # of camera A; the 201 of camera B is somebody else and a distractor
    shots = [image.path.split("/")[:3] for image in dataset.splits["train"]]
    assert all(shot[0] == "multi_shot" for shot in shots)
    assert {shots.count(shot) for shot in shots} == {10}
    assert ["multi_shot", "cam_b", "person_0201"] not in shots
    assert people(dataset, "gallery") == people(dataset, "query") | {1201}


def test_prid_learns_from_the_one_shot_where_a_camera_has_no_frames(tmp_path: Path, plant: Plant) -> None:
    single = [f"single_shot/cam_{c}/person_{i:04d}.png" for c in "ab" for i in (1, 2, 201)]
    multi = [f"multi_shot/cam_a/person_0201/{k:04d}.png" for k in range(1, 3)]
    dataset = open_dataset(plant(tmp_path / "prid_2011", single + multi))
    (learned,) = people(dataset, "train") - {201}
    assert sorted(image.path for image in dataset.splits["train"]) == [
        "multi_shot/cam_a/person_0201/0001.png",
        "multi_shot/cam_a/person_0201/0002.png",
        f"single_shot/cam_a/person_{learned:04d}.png",
        f"single_shot/cam_b/person_{learned:04d}.png",
    ]


def test_viper_in_one_folder_is_the_same_as_in_two(tmp_path: Path, plant: Plant) -> None:
    two = open_dataset(plant(tmp_path / "two", [f"cam_{c}/{i:03d}_45.bmp" for c in "ab" for i in range(1, 9)]))
    one = open_dataset(plant(tmp_path / "one", [f"{i:04d}{c:04d}.png" for c in (1, 2) for i in range(1, 9)]))
    for split in ("train", "query", "gallery"):
        assert [(i.identity, i.camera) for i in sorted(two.splits[split], key=lambda i: (i.identity, i.camera))] == [
            (i.identity, i.camera) for i in sorted(one.splits[split], key=lambda i: (i.identity, i.camera))
        ]


def test_a_person_without_a_partner_is_not_searched_for(tmp_path: Path, plant: Plant) -> None:
    members = [f"VIPeR/{i:04d}{c:04d}.png" for c in (1, 2) for i in range(1, 9)]
    members = [member for member in members if member[6:] not in ("00030002.png", "00050001.png")]
    for split in range(6):
        dataset = open_dataset(plant(tmp_path / "data", members), split=split)
        assert people(dataset, "query") == people(dataset, "gallery")
        assert not people(dataset, "query") & {3, 5}


@pytest.mark.parametrize(
    ("file", "images"), [("viper.zip", 1264), ("prid2011-single-shot.zip", 1134), ("cuhk01.zip", 3884)]
)
def test_the_real_ones_are_sound(real_data: Path, file: str, images: int) -> None:
    dataset = open_dataset(real_data / file)
    report = check_dataset(dataset)
    assert report.ok, str(report)
    assert sum(len(split) for split in dataset.splits.values()) == images


@pytest.mark.parametrize(("name", "camera"), [("viper", "cam_a"), ("prid2011", "single_shot/cam_a")])
def test_camera_a_asks(folders: dict[str, Path], name: str, camera: str) -> None:
    dataset = open_dataset(folders[name])
    assert {image.path.rpartition("/")[0] for image in dataset.splits["query"]} == {camera}


@pytest.mark.parametrize(
    ("members", "found"),
    [
        (["00010001.png", "00010002.png"], False),
        (["00010001.png", "00010002.png", "00020001.png"], False),
        (["00010001.png", "00010002.png", "00020001.png", "00020002.png"], True),
        (["cam_a/001_45.bmp", "cam_a/002_45.bmp"], False),
        (["cam_a/001_45.bmp", "cam_b/001_0.bmp"], True),
    ],
)
def test_viper_is_of_two_cameras_and_in_one_folder_of_two_people_in_both(
    tmp_path: Path, plant: Plant, members: list[str], found: bool
) -> None:
    root = plant(tmp_path / "data", members)
    if found:
        assert open_dataset(root).name == "viper"
        return
    with pytest.raises(MaskreidError, match="no known dataset"):
        open_dataset(root)


def test_prid_draws_frames_from_a_whole_video(tmp_path: Path, plant: Plant) -> None:
    """Of the person 201 of camera A, who is always learned from; a camera's frames are in order."""
    single = [f"single_shot/cam_{c}/person_{i:04d}.png" for c in "ab" for i in (1, 2, 201)]
    multi = [f"multi_shot/cam_a/person_0201/{k:04d}.png" for k in range(1, 101)]
    root = plant(tmp_path / "prid_2011", single + multi)
    drawn = [
        [image.path for image in open_dataset(root, split=split).splits["train"] if image.identity == 201]
        for split in (0, 0, 1)
    ]
    assert drawn[0] == drawn[1] == sorted(drawn[0])
    assert len(drawn[0]) == len(drawn[2]) == 10
    assert drawn[0] != drawn[2]
    assert drawn[0][-1] > "multi_shot/cam_a/person_0201/0050.png"


@pytest.mark.parametrize(
    ("members", "found"),
    [
        (["0001001.png", "0001003.png"], False),  # one person
        (["0001001.png", "0002003.png"], True),
        (["0000001.png", "0001003.png"], False),  # frames begin with nobody
        (["0001001.png", "0002003.png", "0002005.png"], False),  # and go on
        (["0001001.jpg", "0001002.jpg"], False),
        (["0001001.jpg", "0002001.jpg"], True),
        (["0000001.jpg", "0001001.jpg"], False),
        (["0001001.jpg", *(f"0002{k:03d}.jpg" for k in range(1, 21))], True),
        (["0001001.jpg", *(f"0002{k:03d}.jpg" for k in range(1, 22))], False),  # nobody has so many
    ],
)
def test_numbers_that_a_video_s_frames_may_have_are_taken_for_people_s_with_care(
    tmp_path: Path, plant: Plant, members: list[str], found: bool
) -> None:
    root = plant(tmp_path / "data", members)
    if found:
        assert open_dataset(root).name == ("cuhk01" if members[0].endswith(".png") else "ilids")
        return
    with pytest.raises(MaskreidError, match="no known dataset"):
        open_dataset(root)


def test_the_first_two_images_of_cuhk01_ask_and_the_others_answer(tmp_path: Path, plant: Plant) -> None:
    members = [f"campus/{person:04d}00{k}.png" for person in range(1, 5) for k in range(1, 5)]
    dataset = open_dataset(plant(tmp_path / "data", members))
    for split, images in (("query", {"1", "2"}), ("gallery", {"3", "4"})):
        assert {Path(image.path).stem[-1] for image in dataset.splits[split]} == images


def test_half_of_a_person_s_images_ask_and_which_is_drawn(tmp_path: Path, plant: Plant) -> None:
    """Of an odd number the larger half answers; i-LIDS does not say which camera an image is of."""
    root = plant(tmp_path / "data", [f"{person:04d}{k:03d}.jpg" for person in (1, 2) for k in range(1, 8)])
    sides = set()
    for split in range(8):
        dataset = open_dataset(root, split=split)
        assert [len(dataset.splits[part]) for part in ("train", "query", "gallery")] == [7, 3, 4]
        assert len({image.path for images in dataset.splits.values() for image in images}) == 14
        sides.add(frozenset(Path(image.path).stem[-1] for image in dataset.splits["query"]))
    assert len(sides) > 4


def test_no_one_is_learned_from_where_all_are_needed_for_the_test(tmp_path: Path, plant: Plant) -> None:
    """3DPeS tests a hundred people."""
    dataset = open_dataset(plant(tmp_path / "data", [f"RGB/{i}_{v}_1.bmp" for i in range(60) for v in (1, 2)]))
    assert {split: len(images) for split, images in dataset.splits.items()} == {"query": 60, "gallery": 60}
