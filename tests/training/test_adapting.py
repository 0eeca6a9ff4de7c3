from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from maskreid.errors import MaskreidError
from maskreid.images import Dataset, PackedImages, PersonImage, Source, open_dataset, synthetic_world
from maskreid.network import MaskReID, Model, NetworkConfig, load_model, make_card
from maskreid.training import adapt_model, adapting, calibrate_model, evaluate_model, extract_features, prepare
from maskreid.training.prepare import data_config


@pytest.fixture
def model() -> Model:
    config = NetworkConfig(width=0.25, dimension=16, input_size=(48, 32))
    network = MaskReID(config, generator=torch.Generator().manual_seed(0)).eval()
    masks = {"source": "dataset", "min_share": 0.05}
    card = make_card(config, resize=(54, 36), masks=masks, training={"data": "others"}, metrics={"others": {}})
    return Model(network, {**card, "calibration": {"people": 5}, "limits": "few"})


@pytest.mark.parametrize("flip", [False, True])
def test_features_are_centred_between_the_cameras_and_spread_evenly(
    model: Model, world: Dataset, tmp_path: Path, flip: bool
) -> None:
    model = model.with_flip(flip)
    other = adapt_model(model, world, cache=tmp_path)
    packed = prepare(world.source, world.splits["train"], data_config(model), cache=tmp_path)
    before, after = (each.embed(packed.pixels, packed.masks, unit=False) for each in (model, other))
    means = [np.mean([each[packed.cameras == camera].mean(0) for camera in (1, 2)], 0) for each in (before, after)]
    assert np.abs(means[1]).max() < 0.03 * np.abs(after).max() < np.abs(means[0]).max()
    deviations = [np.linalg.eigvalsh(np.cov(each.T)) for each in (before, after)]
    assert deviations[1][-1] / deviations[1].sum() < 0.7 * deviations[0][-1] / deviations[0].sum()
    assert extract_features(other, packed).vectors.shape == (72, 16)


def test_the_card_says_what_it_was_adapted_to_and_nothing_that_was_true_before(
    model: Model, world: Dataset, tmp_path: Path
) -> None:
    twice = adapt_model(adapt_model(model, world, cache=tmp_path), world, cache=tmp_path)
    entry = {"data": world.label, "images": 72, "cameras": 2}
    assert twice.card["training"] == {"data": "others", "adapted": [entry, entry]}
    assert twice.card["metrics"] == {}
    assert "calibration" not in twice.card
    assert twice.card["limits"] == "few"
    assert model.card["calibration"] == {"people": 5}
    assert len({model.fingerprint, twice.fingerprint}) == 2


def test_neither_identities_nor_the_test_are_looked_at(model: Model, world: Dataset, tmp_path: Path) -> None:
    nobody = tuple(replace(image, identity=1) for image in world.splits["train"])
    alone = replace(world, splits={"train": nobody})
    test_only = replace(world, splits={"query": nobody[:20], "gallery": nobody[20:]})
    found = {adapt_model(model, each, cache=tmp_path).fingerprint for each in (world, alone, test_only)}
    assert len(found) == 1


def test_of_a_camera_with_very_many_images_some_are_taken(
    model: Model, world: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapting, "MOST", 25)
    monkeypatch.setattr(adapting, "FEWEST", 30)
    looked_at: list[PersonImage] = []

    def packed(source: Source, images: list[PersonImage], *more: Any, **options: Any) -> PackedImages:
        looked_at.extend(images)
        return prepare(source, images, *more, **options)

    monkeypatch.setattr(adapting, "prepare", packed)
    train = [replace(image, camera=1 + (number > 50)) for number, image in enumerate(world.splits["train"])]
    adapted = adapt_model(model, replace(world, splits={"train": tuple(train)}), cache=tmp_path)
    assert adapted.card["training"]["adapted"][0]["images"] == len(looked_at) == 25 + 21
    numbers = [train.index(image) for image in looked_at]
    assert numbers == [*range(2, 51, 2), *range(51, 72)]


def test_too_few_images_are_refused(model: Model, tmp_path: Path) -> None:
    few = synthetic_world(train=12, test=2, cameras=2, images=2, distractors=0, junk=0)
    with pytest.raises(MaskreidError, match="48 images to adapt to, expected 50 or more"):
        adapt_model(model, few, cache=tmp_path)


def test_people_of_another_random_split_count_as_known(model: Model, world: Dataset, tmp_path: Path) -> None:
    splits = [replace(world, name="viper", split=number) for number in (0, 1)]
    other = adapt_model(model, splits[0], cache=tmp_path)
    for again in (adapt_model, evaluate_model):
        with pytest.raises(MaskreidError, match=r"viper \(split 0\) and so knows people of viper \(split 1\)"):
            again(other, splits[1], cache=tmp_path)
    evaluate_model(other, splits[0], cache=tmp_path)


def test_whom_it_was_adapted_to_it_has_not_learned(model: Model, world: Dataset, tmp_path: Path) -> None:
    """No label was seen, so the photos of one's own cameras serve both."""
    calibration, _ = calibrate_model(adapt_model(model, world, cache=tmp_path), world, cache=tmp_path)
    assert calibration.people == 12


def test_the_shipped_model_finds_more_people_on_cameras_that_it_was_adapted_to(
    real_data: Path, tmp_path: Path
) -> None:
    prid = open_dataset(real_data / "prid2011-single-shot.zip")
    gallery = prid.splits["gallery"][::2]
    people = {image.identity for image in gallery}
    query = tuple(image for image in prid.splits["query"] if image.identity in people)
    part = replace(prid, splits={"train": prid.splits["train"], "query": query, "gallery": gallery})
    model = load_model("market1501-compact")
    before, after = (
        evaluate_model(each, part, cache=tmp_path).metrics["single query"].map
        for each in (model, adapt_model(model, part, cache=tmp_path))
    )
    assert after > before + 0.05


def test_another_source_of_masks_is_the_results_too(model: Model, world: Dataset, tmp_path: Path) -> None:
    """A model that was trained with masks of its dataset, for photos that have none."""
    bare = tuple(replace(image, mask=None) for image in world.splits["train"])
    photos = replace(world, splits={"train": bare})
    with pytest.raises(MaskreidError, match="no mask came with"):
        adapt_model(model, photos, cache=tmp_path)
    other = adapt_model(model, photos, masks="fcn", cache=tmp_path)
    assert other.card["preprocessing"]["masks"] == {"source": "fcn", "min_share": 0.05}
    assert model.card["preprocessing"]["masks"]["source"] == "dataset"
