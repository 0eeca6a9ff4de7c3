"""What the benchmarks share: features as large as the datasets', one measured call, and the rate of products."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import resource
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from maskreid.retrieval import Features

MEBI = 1 << 20


@dataclass(frozen=True)
class Size:
    """How many images, people and cameras a dataset has."""

    queries: int
    gallery: int
    people: int
    cameras: int
    distractors: int = 0
    junk: int = 0


SIZES = {
    "quarter": Size(821, 4814, 188, 6, 700, 955),
    "half": Size(1684, 9709, 375, 6, 1399, 1910),
    "market1501": Size(3368, 19732, 750, 6, 2798, 3819),
    "msmt17": Size(11659, 82161, 3060, 15),
    "market1501+500k": Size(3368, 519732, 750, 6, 502798, 3819),
}


def synthetic_features(size: Size, dimension: int, seed: int = 0) -> tuple[Features, Features]:
    """Query and gallery: people who cluster in 64 numbers, moved by their camera, projected, cut at 0, normalised."""
    random = np.random.default_rng(seed)
    people = random.normal(size=(size.people, 64))
    cameras = 0.5 * random.normal(size=(size.cameras, 64))
    projection = random.normal(size=(64, dimension)).astype(np.float32)

    def side(identities: np.ndarray) -> Features:
        camera = random.integers(0, size.cameras, len(identities))
        vectors = np.empty((len(identities), dimension), np.float32)
        for start in range(0, len(identities), 10_000):
            who = identities[start : start + 10_000]
            centre = np.where(who[:, None] > 0, people[who - 1], random.normal(size=(len(who), 64)))
            latent = centre + cameras[camera[start : start + 10_000]] + 0.85 * random.normal(size=(len(who), 64))
            vectors[start : start + 10_000] = np.maximum(latent.astype(np.float32) @ projection, 0)
            vectors[start : start + 10_000] /= np.linalg.norm(vectors[start : start + 10_000], axis=1, keepdims=True)
        return Features(vectors, identities, camera + 1)

    shown = size.gallery - size.distractors - size.junk
    gallery = np.concatenate(
        (random.integers(1, size.people + 1, shown), np.zeros(size.distractors, int), np.full(size.junk, -1))
    )
    return side(random.integers(1, size.people + 1, size.queries)), side(random.permutation(gallery))


@dataclass(frozen=True)
class Measured:
    """One call: wall and processor seconds, bytes over what was in memory before, and what it returned."""

    wall: float
    cpu: float
    peak: int
    result: Any


def measured(work: Callable[[], Any], prepare: Callable[[], Any] = lambda: None) -> Measured:
    """Run ``work`` in a child process, whose peak of memory is its own; the parent has loaded and compiled all.

    What a parent cannot do for its child, such as waking a GPU, ``prepare`` does in the child, unmeasured.
    """
    parent, child = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(target=_child, args=(work, prepare, child))
    process.start()
    child.close()
    try:
        result: Measured = parent.recv()
    except EOFError:
        raise SystemExit("a measured process ended without a result; was it out of memory?") from None
    process.join()
    return result


def _child(work: Callable[[], Any], prepare: Callable[[], Any], out: Connection) -> None:
    prepare()
    ctypes.CDLL(None).malloc_trim(0)  # what the parent freed is given back, or its use again would not be seen
    before, cpu, wall = _status("VmRSS"), _cpu(), time.perf_counter()
    result = work()
    wall, cpu = time.perf_counter() - wall, _cpu() - cpu
    out.send(Measured(wall, cpu, _status("VmHWM") - before, result))


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _status(field: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return 1024 * int(line.split()[1])
    raise KeyError(field)


def alternated(
    works: Mapping[str, Callable[[], Any]], repeat: int, prepare: Callable[[], Any] = lambda: None
) -> dict[str, list[Measured]]:
    """Measure A B A B ..., so that what else the machine does meets both."""
    results: dict[str, list[Measured]] = {name: [] for name in works}
    for _ in range(repeat):
        for name, work in works.items():
            results[name].append(measured(work, prepare))
    return results


def show(results: Mapping[str, list[Measured]], ours: str, scale: Mapping[str, float] | None = None) -> None:
    """Print medians, and how many times as much as ``ours`` each takes; ``scale`` extrapolates parts."""
    print(f"{'':34} {'wall s':>9} {'cpu s':>9} {'peak MiB':>9} {'wall':>8} {'cpu':>8}")
    base = results[ours]
    for name, runs in results.items():
        times = (scale or {}).get(name, 1)
        wall, cpu = (times * statistics.median(getattr(run, what) for run in runs) for what in ("wall", "cpu"))
        ratios = [
            sorted(times * getattr(run, what) / getattr(own, what) for run, own in zip(runs, base, strict=True))
            for what in ("wall", "cpu")
        ]
        compared = " ".join(f"{statistics.median(ratio):7.1f}x" for ratio in ratios)
        peak = max(run.peak for run in runs) / MEBI
        note = f"  (a {1 / times:.0%} part, times {times:g})" if times != 1 else ""
        print(f"{name:34} {wall:9.3f} {cpu:9.3f} {peak:9.0f} {compared}{note}", flush=True)


def wake(device: str | None) -> None:
    """Let a device start, so that no measured work waits for it."""
    if device:
        import torch

        square = torch.ones((256, 256), device=device)
        (square @ square).sum().item()


def device_memory(device: str | None) -> int:
    """Return the bytes that torch held on a GPU at most in this process; 0 where there is none."""
    if not device or not device.startswith("cuda"):
        return 0
    import torch

    return int(torch.cuda.max_memory_allocated(device))


def product_rate(dimension: int, tile: int = 2048) -> float:
    """Floating-point operations a second of products that stay in the cache: the best of twenty."""
    left, right = np.random.default_rng(0).random((2, tile, dimension), dtype=np.float32)
    out, best = np.empty((tile, tile), np.float32), np.inf
    for _ in range(20):
        start = time.perf_counter()
        np.matmul(left, right.T, out=out)
        best = min(best, time.perf_counter() - start)
    return 2 * tile * tile * dimension / best


def machine() -> str:
    """Say what else the machine was doing, without which no time means anything."""
    kernel = os.environ.get("OPENBLAS_CORETYPE", "its own choice")
    return f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before the start, OpenBLAS kernel: {kernel}"
