"""Images a second from bytes to features, masks included, by every backend, beside PyTorch's eager network alone.

    python benchmarks/embedding.py --data Market-1501-v15.09.15.zip --images 512 --repeat 3
    python benchmarks/embedding.py --data Market-1501-v15.09.15.zip --threads 1 --processes 2

Ratios are to what anybody writes first: the network in float32, contiguous, in batches of 64 that are ready in
memory; no decoding, no masks. Runs alternate, each in a process of its own, whose highest memory is printed. On a
machine that does other things, --threads 1 and the column of processor seconds are worth more than wall time.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from maskreid.cli.common import open_data
from maskreid.cli.memory import keep_freed_memory
from maskreid.embedding import Embedder
from maskreid.images import decode_image, shape_images
from maskreid.masks import load_segmenter
from maskreid.network import center_crop, load_model, prepare_input

EAGER = "eager network alone, contiguous"
KEPT = "eager alone, channels-last, memory kept"
ALONE = {
    EAGER: torch.contiguous_format,
    "eager network alone, channels-last": torch.channels_last,
    KEPT: torch.channels_last,
}
WHOLE = ("torch float32", "torch bfloat16", "onnx float32", "openvino float32", "openvino bfloat16")
BATCH, CHUNK = 64, 256


def main() -> None:
    """Measure every variant alternately, and print one line for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="synthetic")
    parser.add_argument("--model", default="market1501")
    parser.add_argument("--images", type=int, default=512)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--processes", type=int, default=1, help="at once, each with all the images")
    parser.add_argument("--only", nargs="*", default=[*ALONE, *WHOLE])
    parser.add_argument("--child", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        print(json.dumps(measure(arguments.child, arguments)))
        return
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in dict.fromkeys([EAGER, *arguments.only])}
    for _ in range(arguments.repeat):
        for name, found in runs.items():
            found.append(in_processes(name, arguments.processes))
            print(f"{name}: {found[-1]}", file=sys.stderr, flush=True)
    print(floor(arguments))
    print(f"{'':40}{'images/s':>9}{'a cpu-s':>9}{'MiB':>7}{'wall':>8}{'cpu':>7}")
    for name, found in runs.items():
        wall, cpu = (statistics.median(run[key] for run in found) for key in ("wall", "cpu"))
        ratios = [
            statistics.median(run[key] / base[key] for run, base in zip(found, runs[EAGER], strict=True))
            for key in ("wall", "cpu")
        ]
        peak = max(run["peak"] for run in found)
        print(f"{name:40}{wall:9.1f}{cpu:9.1f}{peak:7.0f}{ratios[0]:7.2f}x{ratios[1]:6.2f}x", flush=True)


def floor(arguments: argparse.Namespace) -> str:
    """Say what an image costs in floating-point operations, and how many the machine's products in bfloat16 allow."""
    torch.set_num_threads(arguments.threads)
    model = load_model(arguments.model)
    with FlopCounterMode(display=False) as counted, torch.inference_mode():
        model.network(*(torch.zeros(1, 3, *model.network.config.input_size) for _ in range(2)))
        network = counted.get_total_flops()
        load_segmenter()(torch.zeros(1, 3, 128, 64))
        whole = counted.get_total_flops()
    left = torch.ones(1024, 1024, dtype=torch.bfloat16)
    times = []
    for _ in range(20):
        start = time.perf_counter()
        left @ left
        times.append(time.perf_counter() - start)
    rate = 2 * 1024**3 / min(times)
    return (
        f"an image: {network / 1e9:.2f} GFLOP in the network, {(whole - network) / 1e9:.2f} in the segmenter; "
        f"products reach {rate / 1e9:.0f} GFLOP/s in bfloat16: {rate / whole:.0f} images/s"
    )


def in_processes(name: str, count: int) -> dict[str, float]:
    """Run one variant in some processes at once; rates add up, and so does memory."""
    command = [sys.executable, *sys.argv, "--child", name]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(count)]
    found = [json.loads(process.communicate()[0].splitlines()[-1]) for process in started]
    cpu = statistics.mean(each["cpu"] for each in found)
    return {"wall": sum(e["wall"] for e in found), "cpu": cpu, "peak": sum(e["peak"] for e in found)}


def measure(name: str, arguments: argparse.Namespace) -> dict[str, float]:
    """Return images a second of wall and of processor time, and the process's highest memory in MiB."""
    torch.set_num_threads(arguments.threads)
    dataset = open_data(arguments.data)
    images = dataset.splits["train"]
    order = np.random.default_rng(0).permutation(len(images))[: arguments.images]
    chosen = [images[row] for row in order]
    model = load_model(arguments.model)
    if name == KEPT or name not in ALONE:
        keep_freed_memory()  # as the maskreid command does
    if name in ALONE:
        network = model.network.to(memory_format=ALONE[name])
        native = [decode_image(dataset.source.read(image.path), image.path) for image in chosen]
        shaped = shape_images(dataset.source, chosen, native, size=model.resize, masks=None, min_share=0)
        crops = (center_crop(torch.from_numpy(x), network.config.input_size) for x in (shaped.pixels, shaped.masks))
        inputs = [x.contiguous(memory_format=ALONE[name]) for x in prepare_input(*crops)]

        def work(count: int) -> Any:
            with torch.inference_mode():
                for start in range(0, count, BATCH):
                    network(*(x[start : start + BATCH] for x in inputs))
    else:
        backend, precision = name.split()
        embedder = Embedder(model, backend=backend, precision=precision)
        contents = [dataset.source.read(image.path) for image in chosen]

        def work(count: int) -> Any:
            for start in range(0, count, CHUNK):
                rows = slice(start, min(start + CHUNK, count))
                decoded = [decode_image(content, "") for content in contents[rows]]
                embedder(dataset.source, chosen[rows], decoded)

    work(2 * BATCH)  # shapes are compiled, memory is there
    return rates(work, len(chosen))


def rates(work: Callable[[int], Any], count: int) -> dict[str, float]:
    """Measure one call."""
    wall, cpu = time.perf_counter(), time.process_time()
    work(count)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return {"wall": count / wall, "cpu": count / cpu, "peak": int(peak.split()[1]) / 1024}


if __name__ == "__main__":
    main()
