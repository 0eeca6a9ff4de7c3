"""Crops with human-parsing label maps: what the segmenter learns from, and what it is measured on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import safetensors.torch

from maskreid import __version__
from maskreid.errors import MaskreidError
from maskreid.files import write_out
from maskreid.images import Dataset, PersonImage, Source, read_image, read_mask, split_identities
from maskreid.masks.fcn import segment
from maskreid.masks.learn import MaskQuality, SegmenterSchedule, mask_quality, train_segmenter
from maskreid.masks.scale import tallest
from maskreid.masks.stored import claim, member_of, png_members
from maskreid.network import check_free, stored_value
from maskreid.progress import Progress, silent

HELD_OUT = 0.1  # share of the identities whose maps are never trained on


@dataclass(frozen=True)
class LabelledCrops:
    """``pixels`` (N, H, W, 3) uint8 RGB and ``masks`` (N, H, W) bool, of one size."""

    pixels: npt.NDArray[np.uint8]
    masks: npt.NDArray[np.bool_]


def learn_segmenter(
    dataset: Dataset,
    label_maps: Source,
    out: str | Path,
    *,
    schedule: SegmenterSchedule | None = None,
    progress: Progress = silent,
) -> MaskQuality:
    """Train the segmenter on a dataset's training images, measure it on held-out identities, and save both.

    Args:
        dataset: its "train" split is used; images without a label map are passed over.
        label_maps: PNG label maps, 0 = background, anything else = a part of the person: a tree like the dataset's,
            or files of the images' stems.
        out: ``out.safetensors`` (float16) and ``out.json`` are written.
        schedule: see `SegmenterSchedule`.
        progress: told about reading and training.

    Returns:
        Quality of the saved weights on the identities held out of training.

    Raises:
        MaskreidError: no image has a label map, several could be one image's or one several images', nobody is left
            to measure on, crops and maps differ in size, the maps show nobody or nothing else, ``out`` is
            there already, or cannot be written.
    """
    schedule, files = schedule or SegmenterSchedule(), check_free(Path(out))
    training_images = dataset.splits.get("train", ())
    maps = _maps_of(training_images, label_maps)
    labelled = [image for image in training_images if image.path in maps]
    if not labelled:
        raise MaskreidError(
            f"{label_maps.name}: none of its PNG files is named after one of the {len(training_images)} training "
            f"images of {dataset.source.name}; expected STEM.png"
        )
    learned, held_out = split_identities(labelled, HELD_OUT, schedule.seed)
    if not held_out:
        raise MaskreidError(
            f"{dataset.source.name}: {len({image.identity for image in labelled})} identities have label maps, and "
            f"{HELD_OUT:.0%} of them are held out to measure on, which is nobody; give more people"
        )
    training = _read(dataset.source, label_maps, maps, learned, progress)
    testing = _read(dataset.source, label_maps, maps, held_out, progress)
    for crops, why in ((training, "learn from"), (testing, "measure on")):
        if not crops.masks.any() or crops.masks.all():
            raise MaskreidError(
                f"{label_maps.name}: the {len(crops.masks)} label maps to {why} have nobody or nothing else in them; "
                "expected 0 for the background and another value for each part of a person"
            )
    usable = training.masks.any((1, 2))
    segmenter = train_segmenter(training.pixels[usable], training.masks[usable], schedule, progress)
    stored = {name: stored_value(value, half=True) for name, value in segmenter.state_dict().items()}
    segmenter.load_state_dict({name: value.to(segmenter.state_dict()[name].dtype) for name, value in stored.items()})
    weights, rows = safetensors.torch.save(stored), int(segmenter.rows)
    quality = mask_quality(segment(segmenter, list(testing.pixels)), list(testing.masks))
    card = {
        "schema_version": 1,
        "architecture": "PersonSegmenter",
        "input": f"RGB crop, 0-255, shown {rows} to {tallest(rows)} pixels high",
        "output": "person or background for every pixel",
        "training": {
            "data": dataset.name,
            "labels": Path(label_maps.name).name,
            "images": int(usable.sum()),
            "images_without_person_left_out": int((~usable).sum()),
            "identities": len({image.identity for image in learned}),
            "schedule": asdict(schedule),
            "code_version": __version__,
        },
        "metrics": {"held_out_identities": len({i.identity for i in held_out}), **quality.as_dict()},
        "weights_sha256": hashlib.sha256(weights).hexdigest(),
    }
    for file, content in zip(files, (weights, (json.dumps(card, indent=2) + "\n").encode()), strict=True):
        write_out(file, content)
    return quality


def _maps_of(images: Sequence[PersonImage], label_maps: Source) -> dict[str, str]:
    """Return the label map of each image that has one, by the image's path."""
    members, owners, found = png_members(label_maps), dict[str, str](), dict[str, str]()
    by_stem: dict[str, list[str]] = {}
    for member in members.values():
        by_stem.setdefault(Path(member).stem, []).append(member)
    for image in images:
        alike = by_stem.get(Path(image.path).stem, [])
        own = member_of(image, members)
        if own is None and len(alike) > 1:
            raise MaskreidError(
                f"{label_maps.name}: {alike[0]} and {alike[1]} are both named after {image.path}; lay the maps out "
                "in the dataset's own folders"
            )
        if own or alike:
            found[image.path] = own or alike[0]
            claim(owners, found[image.path], image, label_maps)
    return found


def _read(
    source: Source, label_maps: Source, maps: dict[str, str], images: list[PersonImage], progress: Progress
) -> LabelledCrops:
    pixels, masks = [], []
    for image in progress(images, total=len(images), what="reading labelled crops", unit="image"):
        pixels.append(read_image(source, image.path))
        masks.append(read_mask(label_maps, maps[image.path]))
        if masks[-1].shape != pixels[0].shape[:2] or pixels[-1].shape != pixels[0].shape:
            raise MaskreidError(
                f"{image.path}: expected crops and label maps of one size, {pixels[0].shape[:2]} as the first; got "
                f"image {pixels[-1].shape[:2]} and map {masks[-1].shape}"
            )
    return LabelledCrops(np.stack(pixels), np.stack(masks))
