"""The segmenter's training as a whole: label maps in, weights and a card out."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
from PIL import Image

from maskreid.errors import MaskreidError
from maskreid.images import Dataset, Folder, open_dataset, read_image, read_mask, split_identities
from maskreid.masks.fcn import load_segmenter, segment
from maskreid.masks.labelled import HELD_OUT, _maps_of, learn_segmenter
from maskreid.masks.learn import SegmenterSchedule, mask_quality
from maskreid.masks.segmenter import PersonSegmenter

SCHEDULE = SegmenterSchedule(epochs=1, batch=8)


def write_label_maps(world: Dataset, folder: Path) -> Path:
    """The world's exact masks as label maps: part 7 of a person on background."""
    folder.mkdir()
    for image in world.splits["train"]:
        assert image.mask
        mask = read_mask(world.source, image.mask)
        Image.fromarray(mask.astype(np.uint8) * 7).save(folder / f"{Path(image.path).stem}.png")
    return folder


def test_the_card_tells_what_the_saved_weights_reach_on_people_they_never_saw(world: Dataset, tmp_path: Path) -> None:
    labels = Folder(write_label_maps(world, tmp_path / "labels"))
    quality = learn_segmenter(world, labels, tmp_path / "segmenter", schedule=SCHEDULE)
    card = json.loads((tmp_path / "segmenter.json").read_text())
    assert card["training"]["identities"] + card["metrics"]["held_out_identities"] == 12
    assert card["training"]["images"] + quality.images == len(world.splits["train"])
    assert card["metrics"]["mean_iou"] == pytest.approx(quality.mean_iou, abs=1e-4)

    state = safetensors.torch.load_file(tmp_path / "segmenter.safetensors")
    segmenter = PersonSegmenter()
    segmenter.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in state.items()})
    _, held_out = split_identities(world.splits["train"], HELD_OUT, SCHEDULE.seed)
    images = [read_image(world.source, image.path) for image in held_out]
    truth = [read_mask(world.source, image.mask or "") for image in held_out]
    assert mask_quality(segment(segmenter.eval(), images), truth) == quality
    assert not list(tmp_path.glob("*.part"))
    assert int(load_segmenter(str(tmp_path / "segmenter.safetensors")).rows) == images[0].shape[0]


def test_maps_of_other_images_are_refused(world: Dataset, tmp_path: Path) -> None:
    (tmp_path / "labels").mkdir()
    Image.new("L", (64, 128)).save(tmp_path / "labels" / "somebody.png")
    with pytest.raises(MaskreidError, match=r"none of its PNG files .* expected STEM\.png"):
        learn_segmenter(world, Folder(tmp_path / "labels"), tmp_path / "out", schedule=SCHEDULE)


def test_maps_in_the_datasets_own_folders_may_have_the_same_names(world: Dataset, tmp_path: Path) -> None:
    """Only the first person's maps show a person: the other images must not get those."""
    people = sorted({image.identity for image in world.splits["train"]})
    images = []
    for image in world.splits["train"]:
        folder = tmp_path / "images" / f"{image.identity}"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{len(list(folder.iterdir()))}.png"
        Image.fromarray(read_image(world.source, image.path)).save(path)
        images.append(path.relative_to(tmp_path / "images"))
    for path in images:
        label = tmp_path / "labels" / path
        label.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (64, 128), 255 * (path.parent.name == str(people[0]))).save(label)
    dataset = open_dataset(tmp_path / "images")
    found = _maps_of(dataset.splits["train"], Folder(tmp_path / "labels"))
    assert found == {image.path: image.path for image in dataset.splits["train"]}
    shutil.copytree(tmp_path / "labels" / str(people[1]), tmp_path / "flat" / "a")
    shutil.copytree(tmp_path / "labels" / str(people[1]), tmp_path / "flat" / "b")
    with pytest.raises(MaskreidError, match="are both named after"):
        _maps_of(dataset.splits["train"], Folder(tmp_path / "flat"))
    with pytest.raises(MaskreidError, match=r"0\.png is named after both"):
        _maps_of(dataset.splits["train"], Folder(tmp_path / "flat" / "a"))


@pytest.mark.parametrize("value", [0, 1])
@pytest.mark.parametrize("side", [0, 1])
def test_maps_of_one_value_are_named_before_training(world: Dataset, tmp_path: Path, side: int, value: int) -> None:
    folder = write_label_maps(world, tmp_path / "labels")
    for image in split_identities(world.splits["train"], HELD_OUT, SCHEDULE.seed)[side]:
        Image.new("L", (64, 128), value).save(folder / f"{Path(image.path).stem}.png")
    with pytest.raises(
        MaskreidError, match=f"label maps to {('learn from', 'measure on')[side]} have nobody or nothing else in them"
    ):
        learn_segmenter(world, Folder(folder), tmp_path / "out", schedule=SCHEDULE, progress=no_training)


def test_where_nothing_can_be_written_is_told_before_training(world: Dataset, tmp_path: Path) -> None:
    folder = write_label_maps(world, tmp_path / "labels")
    (tmp_path / "file").touch()
    with pytest.raises(MaskreidError, match="file: is"):
        learn_segmenter(world, Folder(folder), tmp_path / "file" / "out", schedule=SCHEDULE, progress=no_training)
    (tmp_path / "model.safetensors").write_bytes(b"another model")
    with pytest.raises(MaskreidError, match=r"model\.safetensors: is there already"):
        learn_segmenter(world, Folder(folder), tmp_path / "model", schedule=SCHEDULE, progress=no_training)
    assert (tmp_path / "model.safetensors").read_bytes() == b"another model"


def no_training(items: Iterable[Any], *, total: int, what: str, unit: str) -> Iterable[Any]:
    assert not what.startswith("training")
    return items


def test_somebody_must_be_left_to_measure_on(world: Dataset, tmp_path: Path) -> None:
    few = [image for image in world.splits["train"] if image.identity <= world.splits["train"][0].identity + 3]
    labels = Folder(write_label_maps(world, tmp_path / "labels"))
    with pytest.raises(MaskreidError, match=r"identities have label maps, and 10% of them are held out"):
        learn_segmenter(replace(world, splits={"train": tuple(few)}), labels, tmp_path / "out", schedule=SCHEDULE)


def test_a_map_of_another_size_is_named(world: Dataset, tmp_path: Path) -> None:
    folder = write_label_maps(world, tmp_path / "labels")
    path = folder / f"{Path(world.splits['train'][0].path).stem}.png"
    Image.new("L", (9, 9)).save(path)
    with pytest.raises(MaskreidError, match=r"expected crops and label maps of one size"):
        learn_segmenter(world, Folder(folder), tmp_path / "out", schedule=SCHEDULE)
