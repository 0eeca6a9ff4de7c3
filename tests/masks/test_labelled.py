"""The segmenter's training as a whole: label maps in, weights and a card out."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
from PIL import Image

from maskreid.errors import MaskreidError
from maskreid.images import Dataset, Folder, read_image, read_mask, split_identities
from maskreid.masks.fcn import segment
from maskreid.masks.labelled import HELD_OUT, learn_segmenter
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


def test_maps_of_other_images_are_refused(world: Dataset, tmp_path: Path) -> None:
    (tmp_path / "labels").mkdir()
    Image.new("L", (64, 128)).save(tmp_path / "labels" / "somebody.png")
    with pytest.raises(MaskreidError, match=r"none of its 1 PNG files .* expected STEM\.png"):
        learn_segmenter(world, Folder(tmp_path / "labels"), tmp_path / "out", schedule=SCHEDULE)


def test_a_map_of_another_size_is_named(world: Dataset, tmp_path: Path) -> None:
    folder = write_label_maps(world, tmp_path / "labels")
    path = folder / f"{Path(world.splits['train'][0].path).stem}.png"
    Image.new("L", (9, 9)).save(path)
    with pytest.raises(MaskreidError, match=r"expected crops and label maps of one size"):
        learn_segmenter(world, Folder(folder), tmp_path / "out", schedule=SCHEDULE)
