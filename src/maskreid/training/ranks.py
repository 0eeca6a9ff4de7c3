"""Several processes that train one network, started by torchrun: who is who, and what they tell each other."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor

from maskreid.errors import MaskreidError

T = TypeVar("T")

PATIENCE = timedelta(hours=3)  # the others wait so long for one that packs or validates


@dataclass(frozen=True)
class Ranks:
    """This process among those that train together.

    Attributes:
        rank: its number; the first, 0, alone writes and validates.
        count: how many there are.
        local: its number on this machine.
    """

    rank: int = 0
    count: int = 1
    local: int = 0

    def from_first(self, work: Callable[[], T]) -> T:
        """Return everywhere what ``work`` returns on the first process, or raise its MaskreidError everywhere."""
        return self._told(work, self.rank == 0)[0] if self.count > 1 else work()

    def machine_by_machine(self, work: Callable[[], T]) -> T:
        """Call ``work`` on the first process of each machine and then on the others, who find what it wrote."""
        if self.count == 1:
            return work()
        leads = self.local == 0
        done: list[T] = []
        self._told(lambda: done.append(work()) if leads else None, True)
        return done[0] if done else work()

    def gather(self, rows: Tensor, total: int) -> Tensor:
        """Return the (total, D) rows of all processes in order; the gradient goes back to each one's own.

        Every process then computes the same loss of the whole batch, so the gradient of its own rows is a part of
        the whole gradient, not a sample of it: it is multiplied by the count, over which DistributedDataParallel
        averages.
        """
        if self.count == 1:
            return rows
        gathered: Tensor = _Gather.apply(rows, self, total)  # type: ignore[no-untyped-call]
        return gathered

    def _told(self, work: Callable[[], Any], works: bool) -> list[Any]:
        """Let those who work work, and tell everybody what they got; an error of one is raised by all."""
        mine: tuple[Any, MaskreidError | None] = (None, None)
        if works:
            try:
                mine = (work(), None)
            except MaskreidError as error:
                mine = (None, error)
        told: list[Any] = [None] * self.count
        dist.all_gather_object(told, mine)
        failed = next((error for _, error in told if error), None)
        if failed:
            raise failed
        return [value for value, _ in told]


@contextmanager
def join_ranks(device: str) -> Iterator[tuple[Ranks, str]]:
    """Join the processes that torchrun started, if it did; give this one's place and its own device.

    Args:
        device: "cpu", or "cuda": one GPU for each process of a machine.

    Raises:
        MaskreidError: a machine has fewer GPUs than processes.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) < 2 or not dist.is_torchelastic_launched():
        yield Ranks(), device
        return
    rank, count, local = (int(os.environ[key]) for key in ("RANK", "WORLD_SIZE", "LOCAL_RANK"))
    backend = "gloo"
    if torch.device(device).type == "cuda":
        if local >= torch.cuda.device_count():
            raise MaskreidError(
                f"torchrun started process {local + 1} of this machine, which has {torch.cuda.device_count()} GPUs; "
                "lower --nproc-per-node, or train with --device cpu"
            )
        backend, device = "cpu:gloo,cuda:nccl", f"cuda:{local}"
        torch.cuda.set_device(local)
    dist.init_process_group(backend, timeout=PATIENCE)
    try:
        yield Ranks(rank, count, local), device
    finally:
        dist.destroy_process_group()


def part_of(total: int, rank: int, count: int) -> slice:
    """Return which of ``total`` rows are one process's of ``count``; their numbers differ by one at most."""
    return slice(total * rank // count, total * (rank + 1) // count)


class _Gather(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, rows: Tensor, ranks: Ranks, total: int) -> Tensor:
        owned = [part_of(total, rank, ranks.count) for rank in range(ranks.count)]
        sizes = [part.stop - part.start for part in owned]
        padded = rows.new_zeros((max(sizes), rows.shape[1]))  # parts differ by one row at most, collectives may not
        padded[: len(rows)] = rows
        parts = [torch.empty_like(padded) for _ in sizes]
        dist.all_gather(parts, padded)
        ctx.start, ctx.size, ctx.count = sum(sizes[: ranks.rank]), len(rows), ranks.count
        return torch.cat([part[:size] for part, size in zip(parts, sizes, strict=True)])

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:  # type: ignore[override]
        return gradient[ctx.start : ctx.start + ctx.size] * ctx.count, None, None
