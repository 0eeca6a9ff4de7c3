"""Training: its input beside torchreid's, its step beside a plain float32 loop, the floor under both, and kills.

    python benchmarks/training.py input                                # in `make bench`
    python benchmarks/training.py input --data Market-1501-v15.09.15.zip
    python benchmarks/training.py step --repeat 3
    python benchmarks/training.py step --device cuda                   # also compiled, with CUDA graphs
    python benchmarks/training.py floor
    python benchmarks/training.py kills --kills 20

All on batches of 64 for the full network at 144 x 56. Runs alternate; every variant of a step is a process of its
own, since the allocator and the peak of memory belong to a process.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from measure import MEBI

from maskreid.cli.common import open_data
from maskreid.cli.memory import keep_freed_memory
from maskreid.images import PackedImages, synthetic_world
from maskreid.network import Classifier, MaskReID, NetworkConfig, load_model, multiplies_bfloat16
from maskreid.training import BatchConfig, DataConfig, LossConfig, Recipe, ScheduleConfig, prepare
from maskreid.training.feeder import Feeder
from maskreid.training.profiling import device_name, peak_memory, peak_rate, training_flop
from maskreid.training.schedule import learning_rate, make_optimizer, set_learning_rate
from maskreid.training.trainer import Trainer

BATCH = 64
PEOPLE = 751


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("input", "step", "floor", "kills"))
    parser.add_argument("--data", default="synthetic")
    parser.add_argument("--images", type=int, default=2048, help="input: how many images both read")
    parser.add_argument("--workers", type=int, default=2, help="input: of torchreid's loader")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--steps", type=int, default=5, help="step: timed steps of a run")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--variant", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.variant:
        print(json.dumps(one_variant(arguments.variant, arguments)))
        return
    threads = f"{torch.get_num_threads()} threads, load {os.getloadavg()[0]:.1f}"
    print(f"{arguments.what}: {device_name(torch.device(arguments.device))}; {threads}", flush=True)
    {"input": compare_input, "step": compare_steps, "floor": floor, "kills": kill}[arguments.what](arguments)


def recipe(**schedule: object) -> Recipe:
    """Crop, mirror and erasing; the losses of the shipped model."""
    return Recipe(
        name="benchmark",
        data=DataConfig(masks="dataset", erase=0.5, held_out=0.0),
        loss=LossConfig(softmax=1.0, ranking=1.0, dropout=0.0, relu=False),
        batch=BatchConfig(sampler="identities", identities=16, images=4),
        schedule=ScheduleConfig(learning_rate=0.01, **schedule),  # type: ignore[arg-type]
    )


# ---------------------------------------------------------------- input


def compare_input(arguments: argparse.Namespace) -> None:
    """Images a second, from what a training run keeps to tensors on the device."""
    import peers

    keep_freed_memory()  # as the command does
    dataset = open_data(arguments.data)
    images = dataset.splits["train"][: arguments.images]
    config = dataclasses.replace(recipe().data, masks="dataset" if dataset.name == "synthetic" else "none")
    with tempfile.TemporaryDirectory() as folder:
        packed = prepare(dataset.source, images, config, cache=Path(folder) / "cache")
        files = [Path(folder) / f"{number}.jpg" for number in range(len(images))]
        for path, image in zip(files, images, strict=True):
            path.write_bytes(as_jpeg(dataset.source.read(image.path)))
        batch = recipe().batch
        if len(np.unique(packed.identities)) < batch.identities:
            raise SystemExit("too few people; raise --images")
        feeder = Feeder(packed, recipe(), arguments.device)
        feeder(0)  # loads the compiled loops

        def ours() -> float:
            start = time.perf_counter()
            for iteration in range(200):
                feeder(iteration)
            if feeder.device.type == "cuda":
                torch.cuda.synchronize()
            return 200 * BATCH / (time.perf_counter() - start)

        rates: dict[str, list[float]] = {"maskreid, two streams": [], "torchreid, one stream": []}
        for _ in range(arguments.repeat):
            rates["maskreid, two streams"].append(ours())
            rates["torchreid, one stream"].append(peers.input_rate(files, BATCH, arguments.workers))
    print(f"{len(images)} images, batches of {BATCH}, {arguments.workers} workers for torchreid")
    for name, values in rates.items():
        print(f"{name:24} {statistics.median(values):10,.0f} images/s   [{min(values):,.0f} - {max(values):,.0f}]")
    ratios = [a / b for a, b in zip(*rates.values(), strict=True)]
    print(f"ratio {statistics.median(ratios):.1f} [{min(ratios):.1f} - {max(ratios):.1f}]")
    print(
        f"peak of the process {peak_memory(torch.device('cpu')) / MEBI:,.0f} MiB, of which our images "
        f"{4 * packed.masks.size / MEBI:,.0f}"
    )


def as_jpeg(content: bytes) -> bytes:
    """Return an image file as JPEG, which torchreid's datasets are; a JPEG stays as it is."""
    import io

    from PIL import Image

    with Image.open(io.BytesIO(content)) as image:
        if image.format == "JPEG":
            return content
        out = io.BytesIO()
        image.convert("RGB").save(out, "JPEG", quality=90)
        return out.getvalue()


# ---------------------------------------------------------------- step

CPU_VARIANTS = ("float32 loop", "float32 loop, memory kept", "maskreid float32")
EMULATED = "maskreid, bfloat16 emulated"  # where the processor lacks it, and maskreid computes in float32
CUDA_VARIANTS = ("float32 loop", "maskreid float32", "maskreid", "maskreid compiled")


def compare_steps(arguments: argparse.Namespace) -> None:
    """Images a second of whole steps; the loop's batch is in memory already, ours is made in the time."""
    if arguments.device != "cpu":
        variants = CUDA_VARIANTS
    elif multiplies_bfloat16("cpu"):
        variants = (*CPU_VARIANTS, "maskreid")
    else:
        variants = (*CPU_VARIANTS, EMULATED)
    results: dict[str, list[dict[str, float]]] = {name: [] for name in variants}
    for _ in range(arguments.repeat):
        for name in variants:
            command = [sys.executable, __file__, "step", "--variant", name, "--device", arguments.device]
            command += ["--steps", str(arguments.steps)]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            results[name].append(json.loads(done.stdout.splitlines()[-1]))
            print(f"  {name}: {results[name][-1]}", file=sys.stderr, flush=True)
    print(f"{'':28} {'images/s':>9} {'cpu ms/image':>13} {'peak MiB':>9} {'first step s':>13} {'ratio':>7}")
    base = results[variants[0]]
    for name, runs in results.items():
        rate, cpu, first = (statistics.median(run[key] for run in runs) for key in ("rate", "cpu", "first"))
        ratio = statistics.median(run["rate"] / other["rate"] for run, other in zip(runs, base, strict=True))
        peak = max(run["peak"] for run in runs) / MEBI
        print(f"{name:28} {rate:9.1f} {1e3 * cpu:13.1f} {peak:9,.0f} {first:13.1f} {ratio:6.2f}x", flush=True)
    losses = {name: " ".join(f"{x:.4f}" for x in runs[0]["losses"]) for name, runs in results.items()}
    for name, text in losses.items():
        print(f"losses, {name}: {text}")


def one_variant(name: str, arguments: argparse.Namespace) -> dict[str, object]:
    """Time the steps of one variant, in this process."""
    device = torch.device(arguments.device)
    if name != "float32 loop":
        keep_freed_memory()
    step = plain_steps(device) if name.startswith("float32") else our_steps(name, arguments.device)
    start = time.perf_counter()
    losses = [float(step(0))]
    first = time.perf_counter() - start
    losses.append(float(step(1)))
    start, cpu = time.perf_counter(), time.process_time()
    timed = [step(iteration) for iteration in range(2, 2 + arguments.steps)]
    losses += [float(loss) for loss in timed]
    wall, cpu = time.perf_counter() - start, time.process_time() - cpu
    images = BATCH * arguments.steps
    return {"rate": images / wall, "cpu": cpu / images, "first": first, "peak": peak_memory(device), "losses": losses}


def random_images() -> PackedImages:
    """As many images as the batches need, of noise: a network takes as long for them as for any."""
    rng, count = np.random.default_rng(0), 4 * PEOPLE
    return PackedImages(
        pixels=rng.integers(0, 256, (count, 160, 64, 3), dtype=np.uint8),
        masks=rng.integers(0, 2, (count, 160, 64), dtype=np.uint8),
        identities=np.repeat(np.arange(PEOPLE), 4),
        cameras=np.ones(count, np.int64),
        paths=tuple(map(str, range(count))),
        coverage=np.ones(count, np.float32),
        fallbacks=0,
        fingerprint="noise",
    )


def our_steps(name: str, device: str) -> Callable[[int], torch.Tensor]:
    """Return the step of a training run."""
    precision = "float32" if "float32" in name else "bfloat16"
    if name == EMULATED:
        torch.cpu.get_capabilities = lambda: {"avx512_bf16": True}
    trainer = Trainer(recipe(precision=precision, compile="compiled" in name), random_images(), device)
    return lambda iteration: trainer.step(iteration)["loss"]


def plain_steps(device: torch.device) -> Callable[[int], torch.Tensor]:
    """Return the step that one would write first: float32, contiguous tensors, PyTorch's defaults."""
    from maskreid.losses import ranking_loss, softmax_loss

    chosen = recipe()
    feeder = Feeder(random_images(), chosen, str(device))
    batches = [feeder(iteration) for iteration in range(8)]
    generator = torch.Generator().manual_seed(chosen.seed)
    network = MaskReID(generator=generator)
    classifier = Classifier(256, PEOPLE, dropout=0.0, relu=False, generator=generator).to(device)
    network.to(device).train()
    optimizer = make_optimizer([network, classifier], chosen.schedule)
    inputs = [(b.image.contiguous(), b.masked.contiguous(), b.targets) for b in batches]

    def step(iteration: int) -> torch.Tensor:
        image, masked, targets = inputs[iteration % len(inputs)]
        set_learning_rate(optimizer, learning_rate(chosen.schedule, iteration))
        features = network(image, masked)
        loss = softmax_loss(classifier(features)[:, 0], targets) + ranking_loss(features, targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.detach()

    return step


# ---------------------------------------------------------------- floor


def floor(arguments: argparse.Namespace) -> None:
    """What the device could do at best: operations over its measured peak, bytes over its measured bandwidth."""
    device = torch.device(arguments.device)
    config = NetworkConfig()
    flop, moved = training_flop(config), traffic(config)
    bandwidth = copy_bandwidth(device)
    height, width = config.input_size
    entering = height * width * (4 + 4 + 2 * 3 * 4)  # read and write four bytes a pixel, write two float32 images
    print(f"memory: {bandwidth / 1e9:.1f} GB/s (a large copy, read and written)")
    print(f"input: {entering / 1e3:.0f} kB an image: at most {bandwidth / entering:,.0f} images/s")
    for precision in ("float32", "bfloat16"):
        peak = peak_rate(device, getattr(torch, precision))
        data = moved * (4 if precision == "float32" else 2)
        both = flop / peak + data / bandwidth
        print(
            f"step, {precision}: {flop / 1e9:.2f} GFLOP an image at {peak / 1e9:.0f} GFLOP/s: at most "
            f"{peak / flop:.1f} images/s; {data / 1e6:.0f} MB between layers: at most {bandwidth / data:.1f}; one "
            f"after the other: {1 / both:.1f}"
        )


def traffic(config: NetworkConfig) -> int:
    """Numbers that the layers of one image's forward and backward pass read and write.

    Forward, a layer reads its input and writes its output; backward, it reads its input and the output's gradient
    and writes the input's gradient.
    """
    network, total = MaskReID(config), 0

    def count(_: torch.nn.Module, inputs: tuple[torch.Tensor, ...], output: torch.Tensor) -> None:
        nonlocal total
        total += 3 * inputs[0][0].numel() + 2 * output[0].numel()

    for module in network.modules():
        if not list(module.children()):
            module.register_forward_hook(count)
    images = torch.zeros(2, 3, *config.input_size)
    network(images, images)
    return total


def copy_bandwidth(device: torch.device) -> float:
    """Bytes a second that a copy of 512 MiB reads and writes: the best of ten."""
    source = torch.ones(512 * MEBI, dtype=torch.uint8, device=device)
    target, best = torch.empty_like(source), float("inf")
    for _ in range(10):
        start = time.perf_counter()
        target.copy_(source)
        if device.type == "cuda":
            torch.cuda.synchronize()
        best = min(best, time.perf_counter() - start)
    return 2 * source.numel() / best


# ---------------------------------------------------------------- kills


def kill(arguments: argparse.Namespace) -> None:
    """Train a small network, and again with kills at random moments; both must end with the same numbers."""
    rng = random.Random(arguments.seed)
    small = Recipe(
        name="killed",
        data=DataConfig(resize=(54, 36), masks="dataset", held_out=0.25, erase=0.5, worse_masks=0.3),
        network=NetworkConfig(width=0.25, dimension=32, input_size=(48, 32)),
        loss=LossConfig(softmax=1.0, ranking=1.0),
        batch=BatchConfig(sampler="identities", identities=6, images=4),
        schedule=ScheduleConfig(
            iterations=600, learning_rate=0.02, policy="cosine", precision="float32", ema=0.99,
            validate_every=50, checkpoint_every=10,
        ),
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        world = synthetic_world(train=40, test=4, cameras=3, images=4, distractors=4, junk=2)
        for member in world.source.members():
            (root / "data" / member).parent.mkdir(parents=True, exist_ok=True)
            (root / "data" / member).write_bytes(world.source.read(member))
        (root / "killed.toml").write_text(small.to_toml())
        start = time.monotonic()
        run(root, "whole").wait()
        whole = time.monotonic() - start
        print(f"uninterrupted: {whole:.1f} s", flush=True)
        killed, runs = 0, 0
        while killed < arguments.kills:
            runs += 1
            name = f"run{runs}"
            while killed < arguments.kills:
                process, moment = run(root, name), rng.uniform(0, whole / 2)
                try:
                    process.wait(moment)
                    break  # it ended before the kill
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
                    killed += 1
                    print(f"kill {killed} after {moment:.2f} s: {reached(root / name)}", flush=True)
            if run(root, name).wait():
                raise SystemExit(f"{name} did not go on after a kill")
            same_ends(root / "whole", root / name)
    print(f"{killed} kills in {runs} runs: all went on, and ended with the same weights, metrics and log")


def run(root: Path, name: str) -> subprocess.Popen[bytes]:
    """Start ``maskreid train``."""
    command = [sys.executable, "-m", "maskreid.cli.main", "train", str(root / "killed.toml"), "--data"]
    command += [
        str(root / "data"),
        "--out",
        str(root / name),
        "--device",
        "cpu",
        "--cache",
        str(root / f"{name}-cache"),
    ]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def reached(folder: Path) -> str:
    """Say what a killed run had come to."""
    if (folder / "checkpoint.pt").exists():
        state = torch.load(folder / "checkpoint.pt", weights_only=True)
        return f"checkpoint at {state['iteration']}"
    return "no checkpoint yet" if folder.exists() else "no run folder yet"


def same_ends(one: Path, other: Path) -> None:
    """Stop unless two runs ended with the same weights, metrics and log."""
    first, second = load_model(one), load_model(other)
    logs = [
        [{k: v for k, v in json.loads(line).items() if k != "iterations_per_second"} for line in lines]
        for lines in ((folder / "log.jsonl").read_text().splitlines() for folder in (one, other))
    ]
    states = [model.network.state_dict() for model in (first, second)]
    if not all(torch.equal(value, states[1][key]) for key, value in states[0].items()):
        raise SystemExit(f"{other.name} ended with other weights")
    if first.card["metrics"] != second.card["metrics"] or logs[0] != logs[1]:
        raise SystemExit(f"{other.name} ended with other metrics or another log")


if __name__ == "__main__":
    main()
