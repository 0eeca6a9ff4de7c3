"""Train a network as a recipe says, so that a killed run continues where it stopped and ends the same."""

from __future__ import annotations

import hashlib
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.tensorboard import SummaryWriter

from maskreid import __version__
from maskreid.errors import MaskreidError
from maskreid.images import Dataset, PackedImages, holdout_split, split_identities
from maskreid.losses import move_table, ranking_floor
from maskreid.network import Classifier, MaskReID, Model, load_model, make_card, prepare_input, save_model
from maskreid.progress import Progress, silent
from maskreid.retrieval import Metrics, evaluate
from maskreid.training.augment import crop_and_flip, erase
from maskreid.training.average import MovingAverage
from maskreid.training.batches import make_sampler
from maskreid.training.extract import extract_features
from maskreid.training.objective import objective
from maskreid.training.prepare import prepare
from maskreid.training.recipe import Recipe
from maskreid.training.run_folder import RunFolder
from maskreid.training.schedule import learning_rate, make_optimizer, set_learning_rate
from maskreid.training.worse_masks import worsen_masks

LOG_EVERY = 20  # iterations between two lines of the log
MODEL = "model"  # RUN/model.safetensors and RUN/model.json


def train(
    recipe: Recipe,
    dataset: Dataset,
    run: str | Path,
    *,
    cache: Path | None = None,
    device: str | None = None,
    progress: Progress = silent,
) -> Model:
    """Train, validate on identities held out of training, and save the final model in the run folder.

    Batches, crops and dropout of iteration t depend only on the recipe's seed and t. Repeating the call after a kill
    therefore continues from the last checkpoint with the same data order; on the CPU it reaches the same weights.

    Args:
        recipe: what to do.
        dataset: must have a "train" split.
        run: folder for log, checkpoint, TensorBoard events and the final model.
        cache: where packed images are kept; see `maskreid.training.prepare`.
        device: a torch device; the default is "cuda" where there is one, else "cpu".
        progress: told about every stage.

    Returns:
        The final model, as saved in ``run/model.safetensors`` with its card.

    Raises:
        MaskreidError: the data does not fit the recipe, ``run`` holds another run, or the loss is no longer finite.
    """
    if not dataset.splits.get("train"):
        raise MaskreidError(f"{dataset.source.name}: no training images; found splits: {', '.join(dataset.splits)}")
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    learned, kept = split_identities(dataset.splits["train"], recipe.data.held_out, recipe.seed)
    packed = prepare(dataset.source, learned, recipe.data, cache=cache, progress=progress)
    held_out = None
    if kept:
        query, gallery = holdout_split(kept, recipe.seed)
        held_out = tuple(
            prepare(dataset.source, images, recipe.data, cache=cache, progress=progress)
            for images in (query, gallery)
        )
    folder = RunFolder(Path(run), recipe, packed.fingerprint)
    folder.save_people({"train": learned, "held out": kept})
    trainer = _Trainer(recipe, packed, device)
    state = folder.load_checkpoint()
    if state:
        trainer.restore(state)
    writer = SummaryWriter(str(folder.path / "tensorboard"), purge_step=trainer.iteration)
    schedule = recipe.schedule
    metrics = None
    started, first = time.monotonic(), trainer.iteration
    todo = range(first, schedule.iterations)
    for iteration in progress(todo, total=len(todo), what=f"training {recipe.name}", unit="iteration"):
        parts = trainer.step(iteration)
        done = iteration + 1
        if done % LOG_EVERY == 0 or done == schedule.iterations:
            rate = (done - first) / (time.monotonic() - started)
            entry = {"iteration": done, **parts, "iterations_per_second": round(rate, 3)}
            folder.log(entry)
            for name, value in parts.items():
                writer.add_scalar(f"training/{name}", value, done)
        if held_out and (done % schedule.validate_every == 0 or done == schedule.iterations):
            metrics = _validate(trainer.model(dataset, None), held_out, progress)
            scores = {"rank1": metrics.rank(1), "map": metrics.map}
            folder.log({"iteration": done, "validation": scores})
            for name, value in scores.items():
                writer.add_scalar(f"validation/{name}", value, done)
        if done % schedule.checkpoint_every == 0 or done == schedule.iterations:
            folder.save_checkpoint(trainer.state())
    writer.close()
    if metrics is None and held_out:
        metrics = _validate(trainer.model(dataset, None), held_out, progress)
    model = trainer.model(dataset, metrics)
    save_model(folder.path / MODEL, model.network, model.card)
    return load_model(folder.path / MODEL)


def _validate(model: Model, held_out: tuple[PackedImages, ...], progress: Progress) -> Metrics:
    query, gallery = (extract_features(model, part, precision="bfloat16", progress=progress) for part in held_out)
    return evaluate(query, gallery)


class _Trainer:
    """Network, classifier, OIM's table, optimiser and moving average at one iteration."""

    def __init__(self, recipe: Recipe, packed: PackedImages, device: str) -> None:
        self.recipe, self.packed, self.device = recipe, packed, device
        self.iteration = 0
        names, self.targets = np.unique(packed.identities, return_inverse=True)
        self.sampler = make_sampler(recipe.batch, packed.identities, recipe.seed)
        generator = torch.Generator().manual_seed(recipe.seed)
        self.network = MaskReID(recipe.network, generator=generator)
        if recipe.init:
            _copy_weights(load_model(recipe.init), self.network)
        self.network = self.network.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.classifier: Classifier | None = None
        if recipe.loss.softmax:
            self.classifier = Classifier(
                recipe.network.dimension,
                len(names),
                dropout=recipe.loss.dropout,
                relu=recipe.loss.relu,
                bias=recipe.network.neck == "none",
                generator=generator,
            ).to(device)
        self.table = torch.zeros(len(names), recipe.network.dimension, device=device) if recipe.loss.oim else None
        modules = [self.network] + ([self.classifier] if self.classifier else [])
        self.optimizer = make_optimizer(modules, recipe.schedule)
        self.average = MovingAverage(self.network, recipe.schedule.ema) if recipe.schedule.ema else None

    def step(self, iteration: int) -> dict[str, float]:
        """Take one step of gradient descent; return the losses and the learning rate by name."""
        recipe = self.recipe
        rng = np.random.default_rng((recipe.seed, 5, iteration))
        torch.manual_seed(int(rng.integers(2**62)))  # dropout
        generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
        chosen = self.sampler(iteration)
        pixels, masks = crop_and_flip(
            self.packed.pixels[chosen],
            self.packed.masks[chosen],
            recipe.network.input_size,
            rng,
            flip=recipe.data.flip,
        )
        erase(pixels, masks, recipe.data.erase, rng)
        worsen_masks(masks, recipe.data.worse_masks, rng)
        targets = torch.from_numpy(self.targets[chosen]).to(self.device)
        image, masked = prepare_input(
            torch.from_numpy(pixels).to(self.device), torch.from_numpy(masks).to(self.device)
        )
        self.network.train()
        if self.classifier:
            self.classifier.train()
        half = recipe.schedule.precision == "bfloat16"
        with torch.autocast(torch.device(self.device).type, torch.bfloat16, enabled=half):
            before, after = (x.float() for x in self.network.around_neck(image, masked))
        compared = before if recipe.network.neck == "bn" else after
        loss, parts = objective(recipe.loss, compared, after, targets, self.classifier, self.table, generator)
        if not torch.isfinite(loss):
            raise MaskreidError(
                f"the loss is {float(loss.detach())} at iteration {iteration + 1}; lower schedule.learning_rate "
                f"(now {recipe.schedule.learning_rate}) or raise schedule.warm_up"
            )
        rate = learning_rate(recipe.schedule, iteration)
        set_learning_rate(self.optimizer, rate)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()
        if self.table is not None:
            move_table(self.table, after, targets, recipe.loss.oim_momentum)
        if self.average:
            self.average.update(self.network, iteration)
        self.iteration = iteration + 1
        if recipe.loss.ranking:
            parts["ranking_above_floor"] = parts["ranking"] - ranking_floor(targets)
        return {"loss": float(loss.detach()), **parts, "learning_rate": rate}

    def state(self) -> dict[str, Any]:
        """Everything that the next iteration depends on."""
        return {
            "iteration": self.iteration,
            "network": self.network.state_dict(),
            "classifier": self.classifier.state_dict() if self.classifier else {},
            "table": self.table,
            "optimizer": self.optimizer.state_dict(),
            "average": self.average.network.state_dict() if self.average else {},
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from what `state` returned."""
        self.iteration = state["iteration"]
        self.network.load_state_dict(state["network"])
        if self.classifier:
            self.classifier.load_state_dict(state["classifier"])
        if self.table is not None:
            self.table.copy_(state["table"])
        self.optimizer.load_state_dict(state["optimizer"])
        if self.average:
            self.average.network.load_state_dict(state["average"])

    def model(self, dataset: Dataset, metrics: Metrics | None) -> Model:
        """The network, or its moving average if it has one, as it is now, with its card."""
        recipe = self.recipe
        card = make_card(
            recipe.network,
            resize=recipe.data.resize,
            masks={"source": recipe.data.masks, "min_share": recipe.data.min_share},
            flip=recipe.data.flip_at_test,
            training={
                "data": dataset.label,
                "images": len(self.packed.paths),
                "identities": int(self.targets.max()) + 1,
                "data_fingerprint": self.packed.fingerprint,
                "recipe": recipe.as_table(),
                "recipe_sha256": hashlib.sha256(recipe.to_toml().encode()).hexdigest(),
                "code_version": __version__,
            },
            metrics={"held_out_identities": metrics.as_dict()} if metrics else {},
        )
        return Model(self.average.network if self.average else self.network, card)


def _copy_weights(source: Model, network: MaskReID) -> None:
    ours, theirs = asdict(network.config), asdict(source.network.config)
    different = [key for key in ours if key != "input_size" and ours[key] != theirs[key]]
    if different:
        raise MaskreidError(
            "init: the model's network differs from the recipe's in "
            + ", ".join(f"{key} ({theirs[key]!r}, recipe has {ours[key]!r})" for key in different)
        )
    network.load_state_dict(source.network.state_dict())
