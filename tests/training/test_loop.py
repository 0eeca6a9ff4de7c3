"""Training as a whole, on the synthetic world."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from maskreid.errors import MaskreidError
from maskreid.images import Dataset, PackedImages, holdout_split, split_identities
from maskreid.network import Model, NetworkConfig, add_to_card, load_model, multiplies_bfloat16
from maskreid.retrieval import Reranking, evaluate
from maskreid.training import (
    BatchConfig,
    DataConfig,
    LossConfig,
    Recipe,
    ScheduleConfig,
    evaluate_model,
    extract_features,
    prepare,
    train,
)
from maskreid.training.teachers import taught_features
from maskreid.training.trainer import Trainer

TINY = Recipe(
    name="tiny",
    data=DataConfig(resize=(54, 36), masks="dataset", held_out=0.25),
    network=NetworkConfig(width=0.25, dimension=32, input_size=(48, 32)),
    loss=LossConfig(softmax=1.0, ranking=1.0),
    batch=BatchConfig(sampler="identities", identities=6, images=4),
    schedule=ScheduleConfig(
        iterations=6,
        learning_rate=0.02,
        policy="cosine",
        warm_up=2,
        validate_every=3,
        checkpoint_every=2,
        precision="float32",
    ),
)


native = pytest.mark.skipif(not multiplies_bfloat16("cpu"), reason="emulated bfloat16 is float32 here")


class KilledError(Exception):
    """Stands for a kill: nothing in maskreid catches it."""


def killed_at(iteration: int) -> Any:
    def progress(items: Iterable[Any], *, total: int, what: str, unit: str) -> Iterator[Any]:
        for done, item in enumerate(items):
            if what.startswith("training") and done == iteration:
                raise KilledError
            yield item

    return progress


def weights(run: Path) -> dict[str, torch.Tensor]:
    return load_model(run / "model").network.state_dict()


MODERN = replace(
    TINY,
    loss=replace(TINY.loss, oim=1.0),
    data=replace(TINY.data, flip_at_test=True),
    network=replace(TINY.network, neck="bn"),
    schedule=replace(TINY.schedule, ema=0.9),
)


@pytest.mark.parametrize("recipe", [TINY, MODERN], ids=["paper", "modern"])
def test_a_killed_run_continues_and_ends_the_same(world: Dataset, tmp_path: Path, recipe: Recipe) -> None:
    train(recipe, world, tmp_path / "whole")
    with pytest.raises(KilledError):
        train(recipe, world, tmp_path / "killed", progress=killed_at(3))  # the last checkpoint is at 2
    train(recipe, world, tmp_path / "killed")
    whole, killed = weights(tmp_path / "whole"), weights(tmp_path / "killed")
    assert all(torch.equal(whole[name], killed[name]) for name in whole)
    assert load_model(tmp_path / "whole").flip == recipe.data.flip_at_test
    logs = [
        [json.loads(line) for line in (tmp_path / run / "log.jsonl").read_text().splitlines()]
        for run in ("whole", "killed")
    ]
    for entry in logs[0] + logs[1]:
        entry.pop("iterations_per_second", None)
    assert logs[0] == logs[1]


@pytest.mark.parametrize("killed", [3, 5])  # one checkpoint is without a validation, and one is after one
def test_a_continued_run_keeps_what_tensorboard_was_told(world: Dataset, tmp_path: Path, killed: int) -> None:
    recipe = replace(TINY, schedule=replace(TINY.schedule, validate_every=4))
    with pytest.raises(KilledError):
        train(recipe, world, tmp_path, progress=killed_at(killed))
    train(recipe, world, tmp_path)
    events = EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    assert [event.step for event in events.Scalars("validation/map")] == [4, 6]
    logged = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["iteration"] for line in logged if "validation" in line] == [4, 6]


def test_a_failed_run_closes_its_files(world: Dataset, tmp_path: Path) -> None:
    before = threading.active_count()
    with pytest.raises(KilledError):
        train(TINY, world, tmp_path, progress=killed_at(3))
    assert threading.active_count() == before


def test_one_stream_asks_for_no_masks(world: Dataset, tmp_path: Path) -> None:
    bare = tuple(replace(image, mask=None) for image in world.splits["train"])
    unmasked = replace(world, splits={"train": bare})
    with pytest.raises(MaskreidError, match="no mask"):
        train(TINY, unmasked, tmp_path / "two")
    dgd = replace(TINY, network=replace(TINY.network, streams=1, fusion="none"))
    train(replace(dgd, schedule=replace(dgd.schedule, iterations=1)), unmasked, tmp_path / "one")


def test_a_continued_run_counts_what_is_left_and_says_what_was_done(world: Dataset, tmp_path: Path) -> None:
    told = []

    def progress(items: Iterable[Any], *, total: int, what: str, unit: str) -> Iterator[Any]:
        if unit == "iteration":
            told.append((what, total))
        yield from items

    with pytest.raises(KilledError):
        train(TINY, world, tmp_path, progress=killed_at(3))
    train(TINY, world, tmp_path, progress=progress)
    assert told == [("training tiny, 2 of 6 done before", 4)]


def test_a_finished_run_is_not_trained_again(world: Dataset, tmp_path: Path) -> None:
    first = train(TINY, world, tmp_path)
    add_to_card(tmp_path, "calibration", {"slope": 1.0})
    again = train(TINY, world, tmp_path, progress=killed_at(0))
    assert again.fingerprint == first.fingerprint
    assert again.card["calibration"] == {"slope": 1.0}


def test_a_run_killed_between_the_two_files_of_its_model_is_finished_later(world: Dataset, tmp_path: Path) -> None:
    first = train(TINY, world, tmp_path)
    for card in (None, (tmp_path / "model.json").read_text().replace('"weights_sha256": "', '"weights_sha256": "0')):
        (tmp_path / "model.json").unlink()
        if card:  # of an earlier save
            (tmp_path / "model.json").write_text(card)
        again = train(TINY, world, tmp_path, progress=killed_at(0))
        assert again.fingerprint == load_model(tmp_path).fingerprint == first.fingerprint
        assert again.card["metrics"] == first.card["metrics"]


def test_nobody_is_held_out_whom_the_model_before_has_learned(world: Dataset, tmp_path: Path) -> None:
    train(TINY, world, tmp_path / "first")
    second = replace(TINY, init=str(tmp_path / "first"), schedule=replace(TINY.schedule, iterations=1))
    model = train(second, world, tmp_path / "second")
    first = load_model(tmp_path / "first").card["training"]
    assert (first.pop("before"), model.card["training"]["before"]) == ([], [first])
    with pytest.raises(MaskreidError, match=r"first has learned \d of the 3 people whom this run holds out"):
        train(replace(second, seed=1), world, tmp_path / "third")
    train(replace(second, seed=1, data=replace(TINY.data, held_out=0.0)), world, tmp_path / "fourth")


def taught_by(*teachers: Path, recipe: Recipe = TINY) -> Recipe:
    return replace(recipe, teachers=tuple(map(str, teachers)), loss=replace(recipe.loss, distillation=5.0))


def test_a_taught_network_comes_to_think_as_its_teachers_do(world: Dataset, tmp_path: Path) -> None:
    longer = replace(
        TINY, data=replace(TINY.data, held_out=0.0), schedule=replace(TINY.schedule, iterations=40, validate_every=40)
    )
    teachers = [train(replace(longer, seed=seed), world, tmp_path / str(seed)) for seed in (1, 2)]
    alone = train(longer, world, tmp_path / "alone")
    taught = train(taught_by(tmp_path / "1", tmp_path / "2", recipe=longer), world, tmp_path / "taught")
    before = [entry["recipe"]["seed"] for entry in taught.card["training"]["before"]]
    assert (before, alone.card["training"]["before"]) == ([1, 2], [])
    images = world.splits["train"]
    minds = taught_features(teachers, world.source, images)
    packed = prepare(world.source, images, TINY.data)
    differences = [
        np.abs(minds @ minds.T - (vectors := extract_features(model, packed).vectors) @ vectors.T).mean()
        for model in (alone, taught)
    ]
    assert differences[1] < 0.75 * differences[0]


def test_nobody_is_held_out_whom_a_teacher_has_learned(world: Dataset, tmp_path: Path) -> None:
    train(replace(TINY, seed=1), world, tmp_path / "teacher")
    with pytest.raises(MaskreidError, match=r"^teacher .*teacher has learned \d of the 3 people whom this run holds"):
        train(taught_by(tmp_path / "teacher"), world, tmp_path / "pupil")
    assert not (tmp_path / "pupil").exists()


def test_a_taught_run_that_is_killed_continues_and_ends_the_same(world: Dataset, tmp_path: Path) -> None:
    train(TINY, world, tmp_path / "teacher")
    recipe = taught_by(tmp_path / "teacher")
    train(recipe, world, tmp_path / "whole")
    with pytest.raises(KilledError):
        train(recipe, world, tmp_path / "killed", progress=killed_at(3))
    train(recipe, world, tmp_path / "killed")
    whole, killed = weights(tmp_path / "whole"), weights(tmp_path / "killed")
    assert all(torch.equal(value, killed[name]) for name, value in whole.items())
    logged = json.loads((tmp_path / "whole" / "log.jsonl").read_text().splitlines()[-2])
    assert logged["distillation"] > 0


def test_the_run_folder_holds_what_is_needed_to_repeat_and_explain(world: Dataset, tmp_path: Path) -> None:
    model = train(TINY, world, tmp_path)
    resolved = (tmp_path / "recipe.toml").read_text()
    assert 'sampler = "identities"' in resolved
    assert "iterations = 6" in resolved
    validations = [
        entry["validation"]
        for line in (tmp_path / "log.jsonl").read_text().splitlines()
        if "validation" in (entry := json.loads(line))
    ]
    assert len(validations) == 2
    assert list((tmp_path / "tensorboard").iterdir())
    listed = [line.split(",")[1::2] for line in (tmp_path / "people.csv").read_text().splitlines()[1:]]
    learned, kept = ({identity for identity, split in listed if split == which} for which in ("train", "held out"))
    assert (len(learned), len(kept)) == (9, 3)
    assert not learned & kept
    training = model.card["training"]
    assert (training["data"], training["identities"], training["images"]) == ("synthetic", 9, 54)
    assert model.card["metrics"]["held_out_identities"]["map"] == pytest.approx(
        100 * validations[-1]["map"], abs=0.01
    )


def test_the_seed_decides_the_result(world: Dataset, tmp_path: Path) -> None:
    short = replace(TINY, schedule=replace(TINY.schedule, iterations=1))
    first = train(short, world, tmp_path / "a").fingerprint
    assert train(short, world, tmp_path / "b").fingerprint == first
    assert train(replace(short, seed=1), world, tmp_path / "c").fingerprint != first


@pytest.mark.parametrize(
    ("loss", "batch"),
    [
        (LossConfig(softmax=0.0, ranking=1.0), BatchConfig(sampler="ranking", positives=6, negatives=11)),
        (LossConfig(softmax=0.0, n_pair=1.0), BatchConfig(sampler="ranking", positives=6, negatives=11)),
        (LossConfig(softmax=0.0, full_ranking=1.0), BatchConfig(sampler="ranking", positives=6, negatives=11)),
        (LossConfig(softmax=0.0, triplet=1.0), BatchConfig(sampler="identities", identities=4, images=3)),
        (LossConfig(softmax=1.0, label_smoothing=0.1), BatchConfig(sampler="shuffled", size=12)),
        (LossConfig(softmax=0.0, contrastive=1.0), BatchConfig(sampler="ranking", positives=6, negatives=11)),
        (LossConfig(softmax=0.0, quadruplet=1.0), BatchConfig(sampler="identities", identities=4, images=3)),
        (LossConfig(softmax=0.0, oim=1.0), BatchConfig(sampler="shuffled", size=12)),
        (LossConfig(softmax=0.0, circle=0.1), BatchConfig(sampler="identities", identities=4, images=3)),
    ],
    ids=[
        "ranking",
        "n-pair",
        "full ranking",
        "triplet",
        "softmax",
        "contrastive",
        "quadruplet",
        "oim",
        "circle",
    ],
)
def test_every_loss_pulls_its_training_people_together(
    world: Dataset, tmp_path: Path, loss: LossConfig, batch: BatchConfig
) -> None:
    recipe = replace(
        TINY,
        loss=loss,
        batch=batch,
        data=replace(TINY.data, held_out=0.0),
        schedule=replace(TINY.schedule, iterations=40, warm_up=5),
    )
    untrained = replace(recipe, schedule=replace(recipe.schedule, iterations=1, learning_rate=1e-9))
    before, after = (
        separation(train(each, world, tmp_path / name), world)
        for name, each in (("before", untrained), ("after", recipe))
    )
    assert after > before + 0.05


def separation(model: Model, world: Dataset) -> float:
    """Mean cosine of two images of one training person, minus that of two people."""
    packed = prepare(world.source, world.splits["train"], TINY.data)
    features = extract_features(model, packed)
    cosines = features.vectors @ features.vectors.T
    same = features.identities[:, None] == features.identities
    return float(cosines[same & ~np.eye(len(same), dtype=bool)].mean() - cosines[~same].mean())


def losses(recipe: Recipe, world: Dataset, steps: int) -> list[float]:
    trainer = Trainer(recipe, prepare(world.source, world.splits["train"], recipe.data), "cpu")
    return [float(trainer.step(iteration)["loss"]) for iteration in range(steps)]


@native
def test_bfloat16_begins_with_the_losses_of_float32(world: Dataset) -> None:
    half = replace(TINY, schedule=replace(TINY.schedule, precision="bfloat16"))
    exact, rounded = losses(TINY, world, 4), losses(half, world, 4)
    assert rounded == pytest.approx(exact, rel=0.03)
    assert rounded != exact


def test_what_only_emulates_bfloat16_computes_in_float32_and_says_so(
    world: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx2": True})
    half = replace(TINY, schedule=replace(TINY.schedule, precision="bfloat16"))
    assert losses(half, world, 2) == losses(TINY, world, 2)
    train(replace(half, schedule=replace(half.schedule, iterations=1)), world, tmp_path, profile=True)
    assert "this cpu only emulates bfloat16" in capsys.readouterr().err
    assert json.loads((tmp_path / "profile.json").read_text())["precision"] == "float32"


@native
def test_bfloat16_ends_within_the_noise_of_the_seed(world: Dataset, tmp_path: Path) -> None:
    longer = replace(TINY, schedule=replace(TINY.schedule, iterations=60, validate_every=60))
    found: dict[str, list[float]] = {"float32": [], "bfloat16": []}
    for precision, maps in found.items():
        for seed in range(3):
            schedule = replace(longer.schedule, precision=precision)
            recipe = replace(longer, seed=seed, schedule=schedule)
            model = train(recipe, world, tmp_path / f"{precision}{seed}")
            maps.append(evaluate_model(model, world).metrics["single query"].map)
    exact, rounded = map(np.array, found.values())
    noise = np.std([exact, rounded], axis=1, ddof=1).mean()
    assert abs(exact.mean() - rounded.mean()) < 3 * noise, found


def test_a_profile_times_later_steps_and_not_the_first(world: Dataset, tmp_path: Path) -> None:
    train(TINY, world, tmp_path, profile=True)
    assert json.loads((tmp_path / "profile.json").read_text())["iterations"] == 3
    (tmp_path / "profile.json").unlink()
    train(TINY, world, tmp_path, profile=True)  # a finished run has no step left
    assert not (tmp_path / "profile.json").exists()


def test_weights_carry_over_to_other_sizes_and_bands_but_not_to_another_width(
    world: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train(TINY, world, tmp_path / "first")
    larger = replace(
        TINY,
        init=str(tmp_path / "first" / "model"),
        data=replace(TINY.data, resize=(70, 40)),
        network=replace(TINY.network, input_size=(64, 36), bands=3, last_stride=1),
        schedule=replace(TINY.schedule, iterations=1, learning_rate=1e-9, floor=0.0),
    )
    train(larger, world, tmp_path / "second")
    first, second = weights(tmp_path / "first"), weights(tmp_path / "second")
    torch.testing.assert_close(second["fc7.weight"], first["fc7.weight"])
    assert "starts anew" not in capsys.readouterr().err
    longer = replace(larger, network=replace(larger.network, dimension=8 + larger.network.dimension))
    train(longer, world, tmp_path / "longer")
    assert (
        "feature has 32 numbers and the recipe's 40: the layer that makes it starts anew" in capsys.readouterr().err
    )
    third = weights(tmp_path / "longer")
    torch.testing.assert_close(third["levels.2.1.three.1.0.weight"], first["levels.2.1.three.1.0.weight"])
    assert third["fc7.weight"].shape[0] == 8 + first["fc7.weight"].shape[0]
    other = replace(larger, network=replace(larger.network, width=0.5))
    with pytest.raises(MaskreidError, match=r"network differs from the recipe's in width \(0.25, recipe has 0.5\)"):
        train(other, world, tmp_path / "third")


def test_metric_losses_alone_never_reach_the_neck_but_the_classifier_does(world: Dataset, tmp_path: Path) -> None:
    network = replace(TINY.network, neck="bn")
    metric = replace(TINY, network=network, loss=LossConfig(softmax=0.0, ranking=1.0))
    both = replace(TINY, network=network)
    train(metric, world, tmp_path / "metric")
    assert (weights(tmp_path / "metric")["fc7_bn.weight"] == 1).all()
    train(both, world, tmp_path / "both")
    learned = weights(tmp_path / "both")
    assert (learned["fc7_bn.weight"] != 1).any()
    assert (learned["fc7_bn.bias"] == 0).all()
    assert "fc8.bias" not in torch.load(tmp_path / "both" / "checkpoint.pt", weights_only=True)["classifier"]


def test_the_moving_average_is_what_is_validated_and_saved(world: Dataset, tmp_path: Path) -> None:
    plain = replace(TINY, schedule=replace(TINY.schedule, iterations=1, validate_every=1))
    begin = replace(plain, schedule=replace(plain.schedule, learning_rate=1e-30))
    averaged = replace(plain, schedule=replace(plain.schedule, ema=0.999))
    models = {
        name: train(recipe, world, tmp_path / name)
        for name, recipe in (("plain", plain), ("begin", begin), ("averaged", averaged))
    }
    checkpoint = torch.load(tmp_path / "averaged" / "checkpoint.pt", weights_only=True)
    first, last, mean = (weights(tmp_path / name) for name in ("begin", "plain", "averaged"))
    # The decay of the very first iteration is 1 / 10, whatever the recipe says.
    torch.testing.assert_close(mean["fc7.weight"], 0.1 * first["fc7.weight"] + 0.9 * last["fc7.weight"])
    torch.testing.assert_close(mean["fc7_bn.running_mean"], 0.1 * 0 + 0.9 * last["fc7_bn.running_mean"])
    assert all(torch.equal(value, last[name]) for name, value in checkpoint["network"].items())
    assert all(torch.equal(value, mean[name]) for name, value in checkpoint["average"].items())
    query, gallery = (extract_features(models["averaged"], part, precision="bfloat16") for part in held_out_of(world))
    entry = json.loads((tmp_path / "averaged" / "log.jsonl").read_text().splitlines()[-1])
    assert entry["validation"]["map"] == evaluate(query, gallery).map


def held_out_of(world: Dataset) -> tuple[PackedImages, PackedImages]:
    _, kept = split_identities(world.splits["train"], TINY.data.held_out, TINY.seed)
    query, gallery = holdout_split(kept, TINY.seed)
    return prepare(world.source, query, TINY.data), prepare(world.source, gallery, TINY.data)


def test_images_without_a_usable_mask_are_told(
    world: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    short = replace(TINY, schedule=replace(TINY.schedule, iterations=1))
    train(short, world, tmp_path / "first")
    assert capsys.readouterr().err == ""
    train(replace(short, data=replace(TINY.data, min_share=1.0)), world, tmp_path / "second")
    assert capsys.readouterr().err == "maskreid: 54 of 54 images have no usable mask; the whole image stands in\n"


def test_a_diverging_loss_is_named(world: Dataset, tmp_path: Path) -> None:
    wild = replace(TINY, schedule=replace(TINY.schedule, learning_rate=1e30, warm_up=0, iterations=20))
    with pytest.raises(
        MaskreidError, match=r"the loss is (nan|inf) at iteration [2-9]; lower schedule.learning_rate"
    ):
        train(wild, world, tmp_path)


@pytest.mark.parametrize("held_out", [0.25, 0.0])
@pytest.mark.parametrize("ema", [0.0, 0.9])
def test_what_the_last_step_broke_is_neither_validated_nor_saved(
    world: Dataset, tmp_path: Path, held_out: float, ema: float
) -> None:
    schedule = replace(TINY.schedule, learning_rate=1e30, warm_up=0, iterations=1, validate_every=1, ema=ema)
    wild = replace(TINY, schedule=schedule, data=replace(TINY.data, held_out=held_out))
    with pytest.raises(
        MaskreidError, match=r"not finite after iteration 1; lower schedule.learning_rate \(now 1e\+30"
    ):
        train(wild, world, tmp_path)
    assert not (tmp_path / "checkpoint.pt").exists()


@pytest.mark.parametrize("wrong", ["loss", "batch", "init", "camera"])
def test_what_cannot_be_trained_is_told_before_anything_is_packed(
    world: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    train(TINY, world, tmp_path / "first")
    monkeypatch.setitem(sys.modules, "pytorch_metric_learning", None)
    asked, message = {
        "loss": (replace(TINY, loss=replace(TINY.loss, circle=1.0)), r"pip install 'maskreid\[losses\]'"),
        "batch": (replace(TINY, batch=replace(TINY.batch, identities=100)), "there are only"),
        "init": (
            replace(TINY, init=str(tmp_path / "first"), network=replace(TINY.network, width=0.5)),
            "differs from the recipe's in width",
        ),
        "camera": (replace(TINY, data=replace(TINY.data, held_out=0.2)), "no query can be made of"),
    }[wrong]
    if wrong == "camera":
        world = replace(world, splits={"train": tuple(it for it in world.splits["train"] if it.camera == 1)})
    with pytest.raises(MaskreidError, match=message):
        train(asked, world, tmp_path / "second", cache=tmp_path / "cache")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["first"]


def test_what_did_not_fit_can_be_corrected_in_the_same_folder(world: Dataset, tmp_path: Path) -> None:
    short = replace(TINY, schedule=replace(TINY.schedule, iterations=1))
    with pytest.raises(MaskreidError, match="identities"):
        train(replace(short, batch=replace(TINY.batch, identities=100)), world, tmp_path)
    train(short, world, tmp_path)


def test_a_dataset_without_training_images_is_refused(world: Dataset, tmp_path: Path) -> None:
    test_only = replace(world, splits={name: world.splits[name] for name in ("query", "gallery")})
    with pytest.raises(MaskreidError, match="no training images; found splits: query, gallery"):
        train(TINY, test_only, tmp_path)


def test_a_trained_model_is_evaluated_single_and_re_ranked(world: Dataset, tmp_path: Path) -> None:
    model = train(TINY, world, tmp_path)
    evaluation = evaluate_model(model, world, reranking=Reranking())
    assert list(evaluation.metrics) == ["single query", "single query, re-ranked"]
    assert len(evaluation.judgement.query) == 12
    assert evaluation.judgement.reranked is not None
    assert evaluation.metrics["single query, re-ranked"].map == evaluation.judgement.reranked.evaluate().map
    assert evaluation.judgement.query.model == model.fingerprint
    np.testing.assert_allclose(np.linalg.norm(evaluation.judgement.gallery.vectors, axis=1), 1, rtol=1e-5)
    with pytest.raises(MaskreidError, match="found no multi_query"):
        evaluate_model(model, world, multi_query=True)
