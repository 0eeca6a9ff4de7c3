"""Train a network as a recipe says, so that a killed run continues where it stopped and ends the same."""

from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.tensorboard import SummaryWriter

from maskreid import __version__
from maskreid.errors import MaskreidError
from maskreid.images import Dataset, PackedImages, PersonImage, holdout_split, split_identities
from maskreid.masks.named import refuse_shared, whole_name
from maskreid.network import MaskReID, Model, load_model, make_card, multiplies_bfloat16, pick_device, save_model
from maskreid.progress import Progress, silent
from maskreid.retrieval import Metrics, evaluate
from maskreid.training.batches import make_sampler
from maskreid.training.extract import extract_features
from maskreid.training.fixing import check_nothing_fixed
from maskreid.training.learned import datasets_of, learned_before, learned_people, some_photos
from maskreid.training.objective import check_installed
from maskreid.training.prepare import prepare
from maskreid.training.profiling import Profiler
from maskreid.training.ranks import Ranks, join_ranks
from maskreid.training.recipe import DataConfig, Recipe
from maskreid.training.run_folder import RunFolder
from maskreid.training.schedule import learning_rate
from maskreid.training.teachers import taught_features
from maskreid.training.trainer import Trainer, check_init

LOG_EVERY = 20  # iterations between two lines of the log
MODEL = "model"  # RUN/model.safetensors and RUN/model.json


def train(
    recipe: Recipe,
    dataset: Dataset,
    run: str | Path,
    *,
    cache: Path | None = None,
    device: str | None = None,
    profile: bool = False,
    progress: Progress = silent,
) -> Model:
    """Train, validate on identities held out of training, and save the final model in the run folder.

    Batches, crops and dropout of iteration t depend only on the recipe's seed and t. Repeating the call after a kill
    therefore continues from the last checkpoint with the same data order; on the CPU it reaches the same weights.

    Where torchrun started several processes, each computes its part of every batch; the first alone writes, reports
    and validates. Losses and batch normalisation are those of the whole batch.

    Args:
        recipe: what to do.
        dataset: must have a "train" split.
        run: folder for log, checkpoint, TensorBoard events and the final model.
        cache: where packed images are kept; see `maskreid.training.prepare`.
        device: a torch device; the default is "cuda" where there is one, else "cpu".
        profile: time the stages of some steps, and write ``run/profile.json``.
        progress: told about every stage.

    Returns:
        The final model, as saved in ``run/model.safetensors`` with its card. A run that was finished before is left
        as it is, with whatever its card has gained since.

    Raises:
        RunInUseError: another process trains in ``run``.
        MaskreidError: the data does not fit the recipe, the model to start from or a teacher learned people whom this
            run holds out, ``run`` holds another run, or the loss is no longer finite.
    """
    if not dataset.splits.get("train"):
        raise MaskreidError(f"{dataset.source.name}: no training images; found splits: {', '.join(dataset.splits)}")
    with join_ranks(pick_device(device)) as (ranks, device):
        report = progress if ranks.rank == 0 else silent
        return _Run(recipe, dataset, Path(run), ranks, cache, report).train(device, profile)


class _Run:
    """One process's work on a run; the folder and the held-out images are the first process's alone."""

    def __init__(
        self, recipe: Recipe, dataset: Dataset, run: Path, ranks: Ranks, cache: Path | None, progress: Progress
    ) -> None:
        self.recipe, self.dataset, self.run, self.ranks = recipe, dataset, run, ranks
        self.cache, self.progress = cache, progress
        self.learned, self.kept = split_identities(dataset.splits["train"], recipe.data.held_out, recipe.seed)
        self.init = load_model(recipe.init) if recipe.init else None
        self.teachers = [load_model(name) for name in recipe.teachers]
        # What cannot be is told before images are masked and packed, and shown to teachers.
        check_installed(recipe.loss)
        if self.init:
            check_init(self.init, recipe.network)
        else:
            check_nothing_fixed(recipe.schedule)
        make_sampler(recipe.batch, np.array([image.identity for image in self.learned]), recipe.seed)
        self.test: tuple[Sequence[PersonImage], ...] = ()
        if self.kept:
            if len({image.identity for image in self.kept}) < 2:
                raise MaskreidError(
                    f"data.held_out = {recipe.data.held_out} holds out one person, whom every search would find; "
                    "hold out more people, or nobody (data.held_out = 0)"
                )
            self.test = holdout_split(self.kept, recipe.seed)
            if self.init:
                self._check_held_out("init", recipe.init, self.init)
            for name, teacher in zip(recipe.teachers, self.teachers, strict=True):
                self._check_held_out("teacher", name, teacher)
        refuse_shared(self._data().masks, (*self.learned, *self.kept))
        self.packed = ranks.machine_by_machine(lambda: self._packed(self.learned))
        self.held_out: tuple[PackedImages, ...] = ()
        self.folder: RunFolder | None = None
        self.writer: SummaryWriter | None = None
        self.datasets, self.photos = datasets_of(dataset), some_photos(dataset.source, self.learned)

    def _check_held_out(self, role: str, name: str, model: Model) -> None:
        """Refuse to validate on people whom the model that this run starts from, or is taught by, has learned."""
        data, kept = self.recipe.data, {image.identity for image in self.kept}
        advice = "hold out the same people as it did (data.held_out, seed), or nobody (data.held_out = 0)"
        try:
            known = learned_people(model.card["training"], self.dataset) & kept
        except MaskreidError as error:
            raise MaskreidError(f"{role} {name}: {error}; or hold out nobody (data.held_out = 0)") from None
        if known:
            raise MaskreidError(
                f"{role} {name} has learned {len(known)} of the {len(kept)} people whom this run holds out "
                f"(data.held_out = {data.held_out}, seed = {self.recipe.seed}); {advice}"
            )

    def _data(self) -> DataConfig:
        one_stream = self.recipe.network.streams == 1  # nothing would look at a mask
        return replace(self.recipe.data, masks="none") if one_stream else self.recipe.data

    def _packed(self, images: Sequence[PersonImage]) -> PackedImages:
        return prepare(self.dataset.source, images, self._data(), cache=self.cache, progress=self.progress)

    def _open(self) -> tuple[dict[str, Any] | None, bool]:
        """Open the run folder and what is validated on; return the last checkpoint, and whether all is done."""
        self.held_out = tuple(map(self._packed, self.test))
        if self.packed.fallbacks:
            print(
                f"maskreid: {self.packed.fallbacks} of {len(self.packed)} images have no usable mask; the whole "
                "image stands in",
                file=sys.stderr,
            )
        init = self.init.fingerprint if self.init else ""
        teachers = [teacher.fingerprint for teacher in self.teachers]
        self.folder = RunFolder(self.run, self.recipe, self.packed.fingerprint, init, teachers)
        self.folder.save_people({"train": self.learned, "held out": self.kept})
        state = self.folder.load_checkpoint()
        trained = state is not None and state["iteration"] == self.recipe.schedule.iterations
        return state, trained and self._saved()

    def _saved(self) -> bool:
        """Whether the final model is there and whole: a kill may come between its two files."""
        try:
            load_model(self.run / MODEL)
        except MaskreidError:
            return False
        return True

    def train(self, device: str, profile: bool) -> Model:
        """Run all iterations that are left."""
        try:
            return self._train(device, profile)
        finally:
            if self.writer:
                self.writer.close()
            if self.folder:
                self.folder.close()

    def _train(self, device: str, profile: bool) -> Model:
        state, finished = self.ranks.from_first(self._open)
        if finished and self.folder:
            return load_model(self.run / MODEL)
        if finished and state:  # the run folder may be out of another machine's reach
            network = MaskReID(self.recipe.network)
            network.load_state_dict(state["average"] or state["network"])
            return Model(network.eval(), self._card(None))
        taught = self._taught(device) if self.teachers else None
        trainer = Trainer(self.recipe, self.packed, device, self.ranks, init=self.init, taught=taught)
        self._tell_precision(trainer.device)
        if state:
            trainer.restore(state)
        first, end = trainer.iteration, self.recipe.schedule.iterations
        profiler = Profiler(trainer, first, end) if profile else None
        if self.ranks.rank == 0:
            self.writer = SummaryWriter(str(self.run / "tensorboard"), purge_step=first + 1)
        metrics = None
        started, losses = time.monotonic(), []
        todo = range(first, end)
        what = f"training {self.recipe.name}" + (f", {first:,} of {end:,} done before" if first else "")
        for iteration in self.progress(todo, total=len(todo), what=what, unit="iteration"):
            if profiler:
                profiler.before(iteration)
            parts = trainer.step(iteration)
            losses.append(parts["loss"])
            done = iteration + 1
            checkpoint = done % self.recipe.schedule.checkpoint_every == 0 or done == end
            validate = done % self.recipe.schedule.validate_every == 0 or done == end
            if done % LOG_EVERY == 0 or validate or checkpoint:
                self._check_finite(losses, done)
                losses = []
            if validate or checkpoint:
                self._check_network(trainer)
            if self.writer and (done % LOG_EVERY == 0 or done == end):
                self._log(parts, done, (done - first) / (time.monotonic() - started))
            if self.held_out and validate:
                metrics = self._validate(trainer, done)
            if self.folder and checkpoint:
                self.folder.save_checkpoint(trainer.state())
        if self.held_out and metrics is None:
            metrics = self._validate(trainer, None)
        model = Model(trainer.result(), self._card(metrics))
        if self.writer is None:
            return model
        if profiler:
            profiler.save(self.run)
        save_model(self.run / MODEL, model.network, model.card)
        return load_model(self.run / MODEL)

    def _taught(self, device: str) -> NDArray[np.float32]:
        """Ask the teachers: anew after a kill, since that is minutes where training is hours."""
        for teacher in self.teachers:
            teacher.network.to(device)
        made = self.ranks.machine_by_machine(
            lambda: taught_features(
                self.teachers, self.dataset.source, self.learned, cache=self.cache, progress=self.progress
            )
        )
        for teacher in self.teachers:
            teacher.network.cpu()
        return made

    def _tell_precision(self, device: torch.device) -> None:
        asked = self.recipe.schedule.precision
        if self.ranks.rank == 0 and asked == "bfloat16" and not multiplies_bfloat16(device):
            print(
                f"maskreid: this {device.type} only emulates bfloat16, which is slower than float32; computing in "
                "float32",
                file=sys.stderr,
            )

    def _check_finite(self, losses: list[Tensor], done: int) -> None:
        values = torch.stack(losses).cpu()
        wrong = (~values.isfinite()).nonzero()[:1].flatten().tolist()
        if wrong:
            what = f"the loss is {values[wrong[0]]:g} at iteration {done - len(losses) + wrong[0] + 1}"
            raise MaskreidError(f"{what}; {self._slower()}")

    def _check_network(self, trainer: Trainer) -> None:
        """Refuse what the last step left, which no loss has seen yet, if it makes no feature of an image."""
        vector = Model(trainer.result(), self._card(None)).embed(self.packed.pixels[:1], self.packed.masks[:1])
        if not np.isfinite(vector).all():
            raise MaskreidError(f"features are not finite after iteration {trainer.iteration}; {self._slower()}")

    def _slower(self) -> str:
        rate = self.recipe.schedule.learning_rate
        return f"lower schedule.learning_rate (now {rate}) or raise schedule.warm_up"

    def _log(self, parts: dict[str, Tensor], done: int, rate: float) -> None:
        entry = {name: float(value) for name, value in parts.items()}
        entry["learning_rate"] = learning_rate(self.recipe.schedule, done - 1)
        assert self.folder
        self.folder.log({"iteration": done, **entry, "iterations_per_second": round(rate, 3)})
        self._draw("training", entry, done)

    def _validate(self, trainer: Trainer, done: int | None) -> Metrics:
        """Search among the held-out people; ``done`` is when, or None if that is in the log already."""
        model = Model(trainer.result(), self._card(None))
        query, gallery = (
            extract_features(model, part, precision="bfloat16", progress=self.progress) for part in self.held_out
        )
        metrics = evaluate(query, gallery)
        if done is not None and self.folder:
            scores = {"rank1": metrics.rank(1), "map": metrics.map}
            self.folder.log({"iteration": done, "validation": scores})
            self._draw("validation", scores, done)
        return metrics

    def _draw(self, group: str, values: dict[str, float], done: int) -> None:
        assert self.writer
        for name, value in values.items():
            self.writer.add_scalar(f"{group}/{name}", value, done)

    def _card(self, metrics: Metrics | None) -> dict[str, Any]:
        recipe = self.recipe
        return make_card(
            recipe.network,
            resize=recipe.data.resize,
            masks={"source": whole_name(recipe.data.masks), "min_share": recipe.data.min_share},
            flip=recipe.data.flip_at_test,
            training={
                "data": self.dataset.label,
                "datasets": self.datasets,
                "photos": self.photos,
                "images": len(self.packed),
                "identities": len(set(self.packed.identities.tolist())),
                "data_fingerprint": self.packed.fingerprint,
                "recipe": recipe.as_table(),
                "recipe_sha256": hashlib.sha256(recipe.to_toml().encode()).hexdigest(),
                "code_version": __version__,
                "before": learned_before([model.card["training"] for model in (self.init, *self.teachers) if model]),
            },
            metrics={"held_out_identities": metrics.as_dict()} if metrics else {},
        )
