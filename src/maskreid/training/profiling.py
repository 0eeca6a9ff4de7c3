"""What a training step spends its time on, beside what the device could do at best."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from maskreid.files import write_out
from maskreid.network import MaskReID, number_type
from maskreid.training.trainer import Trainer

WARM_UP = 5  # iterations before the first that is timed
TIMED = 20  # iterations
STAGES = ("data", "transfer", "forward", "loss", "backward", "optimiser")


class Profiler:
    """Times the steps of a run from its sixth to its twenty-fifth; of ten or fewer, the second half.

    Args:
        trainer: takes the steps.
        first: the run's first iteration, or the one that it goes on with.
        end: the iteration after its last.
    """

    def __init__(self, trainer: Trainer, first: int, end: int) -> None:
        self.trainer = trainer
        start = first + min(WARM_UP, (end - first) // 2)
        self._timed = range(start, min(start + TIMED, end))

    def before(self, iteration: int) -> None:
        """Start or stop the watch, before a step."""
        self.trainer.watch.on = iteration in self._timed

    def save(self, run: Path) -> None:
        """Write ``profile.json`` into the run folder; see `profile_table` for what it says."""
        trainer, count = self.trainer, len(self._timed)
        if not count:
            return
        seconds = {stage: trainer.watch.seconds.get(stage, 0.0) / count for stage in STAGES}
        images = len(trainer.feeder(0).targets)
        numbers_in = number_type(trainer.device, trainer.recipe.schedule.precision)
        memory = peak_memory(trainer.device)  # before the large product below takes its own
        numbers = {
            "device": device_name(trainer.device),
            "processes": trainer.ranks.count,
            "precision": str(numbers_in).removeprefix("torch."),
            "iterations": count,
            "images_per_iteration": images,
            "seconds": seconds,
            "flop_per_image": training_flop(trainer.network.config),
            "peak_flop_per_second": peak_rate(trainer.device, numbers_in),
            "peak_memory_bytes": memory,
        }
        write_out(run / "profile.json", json.dumps(numbers, indent=1) + "\n")


def profile_table(numbers: dict[str, Any]) -> str:
    """Return what ``profile.json`` says as lines for a person."""
    total = sum(numbers["seconds"].values())
    lines = [f"{'stage':10} {'ms':>9} {'share':>7}"]
    lines += [f"{name:10} {1e3 * s:9.2f} {s / total:7.1%}" for name, s in numbers["seconds"].items()]
    rate = numbers["images_per_iteration"] / total
    used = rate * numbers["flop_per_image"] / numbers["processes"]
    lines += [
        f"{'step':10} {1e3 * total:9.2f}         {numbers['images_per_iteration']} images, {rate:.1f} images/s",
        f"{numbers['flop_per_image'] / 1e9:.2f} GFLOP an image, {used / 1e9:.0f} GFLOP/s: "
        f"{used / numbers['peak_flop_per_second']:.0%} of the {numbers['peak_flop_per_second'] / 1e9:.0f} that "
        f"{numbers['device']} reaches in one large product ({numbers['precision']})",
        f"peak memory {numbers['peak_memory_bytes'] / 2**20:,.0f} MiB",
    ]
    return "\n".join(lines)


def training_flop(config: Any) -> int:
    """Floating-point operations of one image's forward and backward pass; a multiply-add is two."""
    network = MaskReID(config)
    images = torch.zeros(2, 3, *config.input_size)
    with FlopCounterMode(display=False) as counter:
        sum(x.sum() for x in network.around_neck(images, images)).backward()  # type: ignore[union-attr, no-untyped-call]
    return int(counter.get_total_flops()) // 2


def peak_rate(device: torch.device, dtype: torch.dtype, seconds: float = 1.0) -> float:
    """Floating-point operations a second of a large product, or of a convolution where those are faster."""
    size = 8192 if device.type == "cuda" else 2048
    square = torch.randn(size, size, device=device, dtype=dtype)
    maps = torch.randn(64, 256, 36, 14, device=device, dtype=dtype).contiguous(memory_format=torch.channels_last)
    kernel = torch.randn(256, 256, 3, 3, device=device, dtype=dtype)
    works = {
        lambda: square @ square: 2 * size**3,
        lambda: F.conv2d(maps, kernel, padding=1): 2 * maps.numel() * kernel[0].numel(),
    }
    with torch.no_grad():
        return max(flop / _best(work, device, seconds / 2) for work, flop in works.items())


def _best(work: Any, device: torch.device, seconds: float) -> float:
    best, end = float("inf"), time.perf_counter() + seconds
    while best == float("inf") or time.perf_counter() < end:
        start = time.perf_counter()
        result: Tensor = work()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        del result
        best = min(best, time.perf_counter() - start)
    return best


def peak_memory(device: torch.device) -> int:
    """Bytes that torch held on a GPU at most; on a CPU the most that the process had in memory."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    import resource
    import sys

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def device_name(device: torch.device) -> str:
    """Return what to call the device."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"this CPU with {torch.get_num_threads()} threads"
