"""The shipped segmenter on real people that it never saw, if the data is there."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

import pytest

from maskreid.images import open_dataset, open_source, read_image, read_mask, split_identities
from maskreid.masks import load_segmenter, mask_quality
from maskreid.masks.fcn import segment
from maskreid.masks.labelled import HELD_OUT


def test_held_out_people_are_found_as_well_as_the_card_says(real_data: Path) -> None:
    dataset = open_dataset(real_data / "Market-1501-v15.09.15.zip")
    labels = open_source(real_data / "market1501-train-parsing.zip")
    maps = {Path(member).stem: member for member in labels.members() if member.endswith(".png")}
    labelled = [image for image in dataset.splits["train"] if Path(image.path).stem in maps]
    _, held_out = split_identities(labelled, HELD_OUT, seed=0)
    chosen = held_out[::4]
    pixels = [read_image(dataset.source, image.path) for image in chosen]
    truth = [read_mask(labels, maps[Path(image.path).stem]) for image in chosen]
    quality = mask_quality(segment(load_segmenter(), pixels), truth)
    card = json.loads(files("maskreid.masks").joinpath("person-fcn.json").read_text())["metrics"]
    assert card["held_out_identities"] == len({image.identity for image in held_out})
    assert quality.mean_iou == pytest.approx(card["mean_iou"], abs=0.015)


@pytest.mark.parametrize(("file", "size"), [("viper.zip", (128, 48)), ("cuhk01.zip", (160, 60))])
def test_crops_of_other_cameras_and_sizes_get_sensible_masks(
    real_data: Path, file: str, size: tuple[int, int]
) -> None:
    """Sensible: of the crop's own size, a fifth to nine tenths of it, and rather in the middle than at the sides."""
    dataset = open_dataset(real_data / file)
    pixels = [read_image(dataset.source, image.path) for image in dataset.splits["query"][:100]]
    masks = segment(load_segmenter(), pixels)
    assert {mask.shape for mask in masks} == {size}
    coverage = sorted(float(mask.mean()) for mask in masks)
    assert coverage[5] > 0.2
    assert coverage[94] < 0.9
    width = size[1]
    middle = sum(mask[:, width // 3 : -width // 3].mean() for mask in masks)
    sides = sum((mask[:, : width // 6].mean() + mask[:, -width // 6 :].mean()) / 2 for mask in masks)
    assert middle > 2 * sides
