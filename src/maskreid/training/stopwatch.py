"""Where the time of a training step goes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import torch


class Stopwatch:
    """Seconds of each stage, without those of the stages inside it.

    Off, it costs nothing. On, it waits for a GPU at every border of two stages, which slows a step down a little.

    Attributes:
        on: whether it measures.
        seconds: of each stage so far.
    """

    def __init__(self, device: torch.device) -> None:
        self.on = False
        self.seconds: dict[str, float] = {}
        self._device = device
        self._stages: list[str] = []
        self._since = 0.0

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Count what is done in this block as ``name``."""
        if not self.on:
            yield
            return
        self._turn()
        self._stages.append(name)
        try:
            yield
        finally:
            self._turn()
            self._stages.pop()

    def _turn(self) -> None:
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)
        now = time.perf_counter()
        if self._stages:
            stage = self._stages[-1]
            self.seconds[stage] = self.seconds.get(stage, 0.0) + now - self._since
        self._since = now
