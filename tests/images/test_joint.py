"""Several datasets as one training set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from maskreid.errors import MaskreidError
from maskreid.images import Dataset, JointSource, join_datasets, open_dataset, read_image, read_mask, synthetic_world

Plant = Callable[..., Path]


@pytest.fixture
def worlds() -> list[Dataset]:
    return [synthetic_world(train=4, test=2, cameras=2, images=2, seed=seed) for seed in (1, 2)]


def test_people_and_cameras_of_different_datasets_are_different(worlds: list[Dataset]) -> None:
    joint = join_datasets(worlds)
    counts = joint.counts("train")
    assert set(joint.splits) == {"train"}
    assert counts.identities == 8
    assert counts.cameras == 4
    assert counts.images == sum(len(world.splits["train"]) for world in worlds)
    assert joint.name == "synthetic + synthetic"


def test_images_and_masks_are_read_from_where_they_came(worlds: list[Dataset]) -> None:
    joint = join_datasets(worlds)
    for world, image in ((worlds[0], joint.splits["train"][0]), (worlds[1], joint.splits["train"][-1])):
        own = world.splits["train"][0 if world is worlds[0] else -1]
        assert (read_image(joint.source, image.path) == read_image(world.source, own.path)).all()
        assert image.mask
        assert own.mask
        assert (read_mask(joint.source, image.mask) == read_mask(world.source, own.mask)).all()
    assert sorted(joint.source.members()) == joint.source.members()
    assert {image.path for image in joint.splits["train"]} <= set(joint.source.members())


def test_one_dataset_stays_as_it_is(worlds: list[Dataset]) -> None:
    assert join_datasets(worlds[:1]) is worlds[0]


def test_unknown_cameras_stay_unknown(tmp_path: Path, plant: Plant) -> None:
    folders = [
        open_dataset(plant(tmp_path / name, [f"train/{name}{p}/{i}.jpg" for p in "ab" for i in "12"]))
        for name in "xy"
    ]
    joint = join_datasets(folders)
    assert {image.camera for image in joint.splits["train"]} == {-1}
    assert {image.identity for image in joint.splits["train"]} == {1, 2, 3, 4}


def test_unknown_cameras_stay_unknown_beside_known_ones(worlds: list[Dataset], tmp_path: Path, plant: Plant) -> None:
    unknown = open_dataset(plant(tmp_path / "x", [f"train/{p}/{i}.jpg" for p in "ab" for i in "12"]))
    joint = join_datasets([worlds[0], unknown])
    own = [image for image in joint.splits["train"] if image.path.startswith("1/")]
    assert {image.camera for image in own} == {-1}
    assert {image.mask for image in own} == {None}


def test_distractors_and_junk_among_the_training_images_are_left_out(worlds: list[Dataset]) -> None:
    """Moved beside the other dataset's people, they would be one of these."""
    images = worlds[1].splits["train"]
    nobody = (replace(images[0], path="d.jpg", identity=0), replace(images[0], path="j.jpg", identity=-1))
    more = replace(worlds[1], splits={"train": images + nobody})
    found = join_datasets([worlds[0], more]).splits["train"]
    assert [image.path for image in found if image.path.startswith("1/")] == [f"1/{image.path}" for image in images]


@pytest.mark.parametrize("first", [0, 1])
def test_a_camera_may_have_the_number_0(worlds: list[Dataset], tmp_path: Path, plant: Plant, first: int) -> None:
    rows = [f"{i}.jpg,{1 + i // 2},{first + i % 2},train" for i in range(4)]
    root = plant(tmp_path / "numbered", [f"{i}.jpg" for i in range(4)])
    (root / "all.csv").write_text("path,identity,camera,split\n" + "\n".join(rows) + "\n")
    numbered = open_dataset(root / "all.csv")
    unknown = open_dataset(plant(tmp_path / "x", [f"train/{p}/{i}.jpg" for p in "ab" for i in "12"]))
    for before, last in ((worlds[0], 2), (unknown, 0)):
        joint = join_datasets([before, numbered])
        own = [image.camera for image in joint.splits["train"] if image.path.startswith("1/")]
        assert own == [last + 1, last + 2] * 2


def test_a_random_split_is_named(tmp_path: Path, plant: Plant, worlds: list[Dataset]) -> None:
    root = plant(tmp_path / "VIPeR", [f"{i:04d}{c:04d}.png" for c in (1, 2) for i in range(1, 9)])
    assert join_datasets([worlds[0], open_dataset(root, split=2)]).name == "synthetic + viper (split 2)"


def test_what_cannot_be_joined_is_one_line(
    tmp_path: Path, plant: Plant, zipped: Callable[[Path], Path], worlds: list[Dataset]
) -> None:
    with pytest.raises(MaskreidError, match="is given 2 times; give each dataset once"):
        join_datasets([worlds[0], worlds[0]])
    twice = plant(tmp_path / "above" / "x", ["a/1.jpg", "b/1.jpg"])
    with pytest.raises(
        MaskreidError, match=r"x-download.zip is given 2 times, before as .*above; give each dataset once"
    ):
        join_datasets([open_dataset(twice.parent), worlds[0], open_dataset(zipped(twice))])
    test_only = open_dataset(plant(tmp_path / "test", ["query/a/1_c1.jpg", "gallery/a/2_c2.jpg"]))
    with pytest.raises(MaskreidError, match="no training images to join; found splits: query, gallery"):
        join_datasets([worlds[0], test_only])
    for member in ("7/x", "1/x", "x/0.jpg", "x"):
        with pytest.raises(MaskreidError, match=f"has no member {member}"):
            JointSource([worlds[0].source]).read(member)
