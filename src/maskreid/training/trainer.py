"""One step of training after the other: network, classifier, optimiser, and what else a step changes."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from maskreid.errors import MaskreidError
from maskreid.images import PackedImages
from maskreid.losses import move_table, ranking_floor
from maskreid.network import Classifier, MaskReID, Model, NetworkConfig, autocast, placed
from maskreid.training.average import MovingAverage
from maskreid.training.compiling import compiled
from maskreid.training.feeder import Feeder
from maskreid.training.fixing import fix_levels, fixed_levels
from maskreid.training.gathered_norm import gather_statistics
from maskreid.training.objective import objective
from maskreid.training.ranks import Ranks
from maskreid.training.recipe import Recipe
from maskreid.training.schedule import learning_rate, make_optimizer, set_learning_rate

# In what a network may differ from the one it starts from.
FREE = ("input_size", "bands", "last_stride", "dimension", "pooling")


class Trainer:
    """Everything that a step reads and changes, at one iteration.

    Attributes:
        iteration: finished iterations.
        network: what is trained.
        feeder: makes the batches.
        watch: times the stages of a step while it is on.
    """

    def __init__(
        self,
        recipe: Recipe,
        packed: PackedImages,
        device: str,
        ranks: Ranks | None = None,
        *,
        init: Model | None = None,
        taught: NDArray[np.float32] | None = None,
    ) -> None:
        """Begin at iteration 0: as the recipe draws it, or with the network of ``init``.

        Args:
            recipe: what to do.
            packed: images to learn from.
            device: a torch device.
            ranks: this process's place among those that train together; None for a process alone.
            init: the model that ``recipe.init`` names, which is not loaded here.
            taught: (M, E) what the recipe's teachers make of each packed image, for the distillation loss.

        Raises:
            MaskreidError: data, batch, network or losses do not fit each other.
        """
        self.recipe, self.ranks = recipe, ranks or Ranks()
        self.iteration = 0
        self.feeder = Feeder(packed, recipe, device, rank=self.ranks.rank, ranks=self.ranks.count)
        self.device = self.feeder.device
        self.watch = self.feeder.watch
        generator = torch.Generator().manual_seed(recipe.seed)
        self.network = MaskReID(recipe.network, generator=generator)
        if init and not _copy_weights(init, self.network) and self.ranks.rank == 0:
            print(
                f"maskreid: init's feature has {init.dimension} numbers and the recipe's {recipe.network.dimension}: "
                "the layer that makes it starts anew",
                file=sys.stderr,
            )
        self.network = placed(self.network, self.device)
        self.average = MovingAverage(self.network, recipe.schedule.ema) if recipe.schedule.ema else None
        self.classifier: Classifier | None = None
        if recipe.loss.softmax:
            self.classifier = Classifier(
                recipe.network.dimension,
                self.feeder.identities,
                dropout=recipe.loss.dropout,
                relu=recipe.loss.relu,
                bias=recipe.network.neck == "none",
                parts=recipe.network.parts,
                generator=generator,
            ).to(self.device)
        shape = (self.feeder.identities, recipe.network.dimension)
        self.table = torch.zeros(shape, device=self.device) if recipe.loss.oim else None
        self.taught = None if taught is None else torch.from_numpy(taught).to(self.device)
        if self.device.type == "cuda":
            torch.backends.cudnn.benchmark = True  # batches come in one shape, or in a few
        if self.ranks.count > 1:
            self.network = gather_statistics(self.network)  # type: ignore[assignment]
        around: nn.Module = _AroundNeck(self.network)
        self._around = compiled(around, self.device) if recipe.schedule.compile else around
        self._fixed: int | None = None  # levels, in the last step; `_train_mode` sets these three
        self._forward: nn.Module
        self._classify: nn.Module | None
        modules = [self.network] + ([self.classifier] if self.classifier else [])
        self.optimizer = make_optimizer(modules, recipe.schedule, fused=self.device.type == "cuda")

    def step(self, iteration: int) -> dict[str, Tensor]:
        """Take one step of gradient descent.

        Returns:
            The loss and its parts by name, still on the device: reading them makes a GPU wait. They are those of
            the whole batch, on every process.
        """
        recipe, watch = self.recipe, self.watch
        with watch.stage("data"):
            batch = self.feeder(iteration)
            torch.manual_seed(batch.dropout_seed)
            generator = torch.Generator().manual_seed(batch.pairs_seed)
        self._train_mode(fixed_levels(recipe.schedule, iteration))
        with watch.stage("forward"):
            with autocast(self.device, recipe.schedule.precision):
                around = torch.cat(self._forward(batch.image, batch.masked), 1)
            before, after = self.ranks.gather(around.float(), len(batch.targets)).chunk(2, 1)
        with watch.stage("loss"):
            compared = before if recipe.network.neck == "bn" else after
            taught = None if self.taught is None else self.taught[torch.from_numpy(batch.chosen).to(self.device)]
            loss, parts = objective(
                recipe.loss, compared, after, batch.targets, self._classify, self.table, taught, generator
            )
        with watch.stage("backward"):
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
        with watch.stage("optimiser"):
            set_learning_rate(self.optimizer, learning_rate(recipe.schedule, iteration))
            self.optimizer.step()
            if self.table is not None:
                move_table(self.table, after, batch.targets, recipe.loss.oim_momentum)
            if self.average:
                self.average.update(self.network, iteration)
        self.iteration = iteration + 1
        if recipe.loss.ranking:
            parts["ranking_above_floor"] = parts["ranking"] - ranking_floor(batch.targets)
        return {"loss": loss.detach(), **parts}

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

    def result(self) -> MaskReID:
        """Return the network, or its moving average if it has one, as it is now."""
        if self.average:
            return self.average.network
        if self.ranks.count == 1:
            return self.network
        alone = placed(MaskReID(self.recipe.network), self.device)
        alone.load_state_dict(self.network.state_dict())  # without the layers that ask the other processes
        return alone

    def _train_mode(self, fixed: int) -> None:
        self.network.train()
        fix_levels(self.network, fixed)
        if self.classifier:
            self.classifier.train()
        if fixed != self._fixed:  # processes agree beforehand on what they exchange gradients of
            self._fixed, self._forward = fixed, self._shared(self._around)
            self._classify = self._shared(self.classifier) if self.classifier else None

    def _shared(self, module: nn.Module) -> nn.Module:
        """Return a module whose gradients are those of the whole batch, wherever it learns now."""
        if self.ranks.count == 1:
            return module
        # The statistics that are buffers are the same everywhere already.
        devices = [self.device.index] if self.device.type == "cuda" else None
        return DistributedDataParallel(module, broadcast_buffers=False, device_ids=devices)


class _AroundNeck(nn.Module):
    """What `MaskReID.around_neck` returns, as a forward pass of its own: others wrap no other method."""

    def __init__(self, network: MaskReID) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor, masked: Tensor) -> tuple[Tensor, Tensor]:
        return self.network.around_neck(image, masked)


def check_init(init: Model, config: NetworkConfig) -> None:
    """Look whether a network of this kind can start from a model's weights.

    Raises:
        MaskreidError: it cannot.
    """
    ours, theirs = asdict(config), asdict(init.network.config)
    different = [key for key in ours if key not in FREE and ours[key] != theirs[key]]
    if different:
        raise MaskreidError(
            "init: the model's network differs from the recipe's in "
            + ", ".join(f"{key} ({theirs[key]!r}, recipe has {ours[key]!r})" for key in different)
        )


def _copy_weights(source: Model, network: MaskReID) -> bool:
    """Take over a model's weights; return whether the layer that makes the feature is among them."""
    check_init(source, network.config)
    weights = source.network.state_dict()
    whole = network.config.dimension == source.network.config.dimension
    if not whole:
        weights = {name: value for name, value in weights.items() if not name.startswith("fc7")}
    network.load_state_dict({**network.state_dict(), **weights})
    return whole
