from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from small_model import model_of

from maskreid.errors import MaskreidError
from maskreid.images import Dataset, PackedImages, join_datasets, split_identities, synthetic_world
from maskreid.network import Model
from maskreid.retrieval import Features
from maskreid.training import calibrate_model, calibrating, held_out


@pytest.fixture(autouse=True)
def _sees(monkeypatch: pytest.MonkeyPatch) -> None:
    """Most people are told apart, as no untrained network does."""

    def features(model: Model, packed: PackedImages, **_: object) -> Features:
        rng = np.random.default_rng(0)
        centres = rng.normal(size=(max(packed.identities) + 2, 8))
        vectors = centres[packed.identities + 1] + rng.normal(size=(len(packed.paths), 8))
        return Features.normalised(vectors, packed.identities, packed.cameras, packed.paths)

    monkeypatch.setattr(held_out, "extract_features", features)


def test_of_what_the_model_learned_only_the_people_held_out_are_asked_for(world: Dataset, tmp_path: Path) -> None:
    calibration, tested = calibrate_model(model_of(world.label, 0.5), world, cache=tmp_path)
    _, held_out = split_identities(world.splits["train"], 0.5, 3)
    assert calibration.people == len({image.identity for image in held_out}) == 6
    assert "6 people whom the model did not learn" in calibration.data
    assert calibration.ece == tested.ece


def test_of_others_everybody_is(world: Dataset, tmp_path: Path) -> None:
    calibration, _ = calibrate_model(model_of("another dataset"), world, cache=tmp_path)
    assert calibration.people == 12
    test_only = replace(world, splits={name: world.splits[name] for name in ("query", "gallery")})
    calibration, _ = calibrate_model(model_of("another dataset"), test_only, cache=tmp_path)
    assert calibration.people == 6


def test_an_image_of_an_unknown_camera_does_not_answer_itself(
    world: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = []
    monkeypatch.setattr(calibrating, "calibrate", lambda _, pairs, __: counted.append(pairs))
    images = [replace(image, camera=-1) if image.camera == 1 else image for image in world.splits["train"]]
    for kept in (images, [image for image in images if image.camera == -1]):
        calibrate_model(model_of("another dataset"), replace(world, splits={"train": kept}), cache=tmp_path)
    assert all(pairs.same.sum() > 0 == pairs.same[-1] for pairs in counted)


def test_who_is_left_out(world: Dataset, tmp_path: Path) -> None:
    someone = world.splits["train"][0].identity
    calibration, _ = calibrate_model(model_of("another dataset"), world, without=[someone], cache=tmp_path)
    assert calibration.people == 11


def test_a_model_that_learned_everybody_is_refused(world: Dataset, tmp_path: Path) -> None:
    with pytest.raises(MaskreidError, match="learned from all of these people"):
        calibrate_model(model_of(world.label), world, cache=tmp_path)


def test_of_joined_datasets_all_must_be_named(world: Dataset, tmp_path: Path) -> None:
    other = synthetic_world(train=8, test=4, cameras=2, images=2, distractors=1, junk=1, seed=9)
    other = replace(other, name="other")
    joined = join_datasets([world, other])
    model = model_of(joined.label, 0.5)
    with pytest.raises(MaskreidError, match="name exactly these"):
        calibrate_model(model, world, cache=tmp_path)
    calibration, _ = calibrate_model(model, joined, cache=tmp_path)
    assert calibration.people == 10
