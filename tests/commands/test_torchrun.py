"""Two processes that train together, as torchrun starts them, beside one that trains alone."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from running import maskreid, write

from maskreid.images import Dataset
from maskreid.network import NetworkConfig, load_model
from maskreid.training import BatchConfig, DataConfig, LossConfig, Recipe, ScheduleConfig

EVERY_LOSS = Recipe(
    name="every-loss",
    data=DataConfig(resize=(54, 36), masks="dataset", held_out=0.25, erase=0.3),
    network=NetworkConfig(width=0.25, dimension=32, input_size=(48, 32), neck="bn"),
    loss=LossConfig(
        softmax=1.0,
        ranking=1.0,
        triplet=1.0,
        n_pair=1.0,
        full_ranking=1.0,
        oim=0.1,
        quadruplet=0.5,
        contrastive=0.5,
        circle=0.01,
    ),
    batch=BatchConfig(sampler="ranking", positives=6, negatives=7),  # an odd number: the parts differ in size
    schedule=ScheduleConfig(
        iterations=2,  # hard mining soon makes a difference of rounding large
        learning_rate=0.01,
        policy="cosine",
        warm_up=5,
        validate_every=12,
        checkpoint_every=4,
        precision="float32",
        ema=0.9,
    ),
)
SOFTMAX = replace(
    EVERY_LOSS,
    name="softmax",
    network=replace(EVERY_LOSS.network, neck="none"),
    loss=LossConfig(),
    batch=BatchConfig(sampler="shuffled", size=16),
    schedule=replace(EVERY_LOSS.schedule, iterations=24),
)
RANKING = replace(
    EVERY_LOSS,
    name="metric-alone",
    loss=LossConfig(softmax=0.0, ranking=1.0),  # nothing reads what leaves the neck
    schedule=replace(EVERY_LOSS.schedule, iterations=4),
)


def torchrun(recipe: Path, data: Path, out: Path, *more: str) -> subprocess.Popen[str]:
    logs = str(out.with_name(f"{out.name}-torchrun"))  # else it leaves a folder in /tmp
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--log-dir", logs]
    command += ["-m", "maskreid.cli.main"]
    arguments = ["train", str(recipe), "--data", str(data), "--out", str(out), "--device", "cpu", *more]
    return subprocess.Popen(
        [*command, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def kill_all(run: Path) -> None:
    """Kill torchrun and its workers, which are in sessions of their own: without it they would go on."""
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has ended by itself
            if str(run).encode() in entry.read_bytes().split(b"\0"):
                os.kill(int(entry.parent.name), signal.SIGKILL)


def finish(process: subprocess.Popen[str], code: int = 0) -> tuple[str, str]:
    try:
        out, err = process.communicate(timeout=240)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    assert process.returncode == code, err
    return out, err


def curve(run: Path) -> list[dict[str, float]]:
    entries = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    return [{k: v for k, v in entry.items() if k != "iterations_per_second"} for entry in entries]


def assert_same_curve(alone: Path, together: Path) -> None:
    """Equal but for rounding; tests/training/test_several_processes.py has the gradients in double precision."""
    for one, two in zip(curve(alone), curve(together), strict=True):
        if "validation" in one:  # a place in a ranking may turn on the last digit
            assert two["iteration"] == one["iteration"]
        else:
            assert two == pytest.approx(one, rel=2e-3, abs=1e-4)
    assert load_model(together / "model").card["training"] == load_model(alone / "model").card["training"]


def fixed_at_first(folder: Path, out: Path) -> Recipe:
    """A recipe whose levels, of a model made here, learn from the third iteration on, but for the first."""
    path = out / "before.toml"
    path.write_text(replace(SOFTMAX, schedule=replace(SOFTMAX.schedule, iterations=1)).to_toml())
    maskreid("train", path, "--data", folder, "--out", out / "before", "--device", "cpu")
    schedule = replace(SOFTMAX.schedule, iterations=4, feature_first=2, fixed_levels=1)
    return replace(SOFTMAX, name="fixed-at-first", init=str(out / "before"), schedule=schedule)


@pytest.fixture(scope="module")
def folder(world: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("data") / "Market-1501"
    write(world, root)
    return root


@pytest.mark.parametrize("recipe", [EVERY_LOSS, SOFTMAX, RANKING], ids=lambda recipe: recipe.name)
def test_two_processes_learn_what_one_does(folder: Path, tmp_path: Path, recipe: Recipe) -> None:
    path = tmp_path / f"{recipe.name}.toml"
    path.write_text(recipe.to_toml())
    process = torchrun(path, folder, tmp_path / "together")
    maskreid("train", path, "--data", folder, "--out", tmp_path / "alone", "--device", "cpu")
    out, _ = finish(process)
    assert out.count("trained ") == 1  # the first process speaks for both
    assert_same_curve(tmp_path / "alone", tmp_path / "together")


def test_two_processes_agree_on_what_learns_and_when(folder: Path, tmp_path: Path) -> None:
    test_two_processes_learn_what_one_does(folder, tmp_path, fixed_at_first(folder, tmp_path))


def test_a_killed_pair_goes_on_together_or_alone(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "softmax.toml"
    path.write_text(SOFTMAX.to_toml())
    maskreid("train", path, "--data", folder, "--out", tmp_path / "alone", "--device", "cpu")
    process = torchrun(path, folder, tmp_path / "killed")
    checkpoint = tmp_path / "killed" / "checkpoint.pt"
    until = time.monotonic() + 120
    while not checkpoint.exists() and process.poll() is None and time.monotonic() < until:
        time.sleep(0.01)
    kill_all(tmp_path / "killed")
    process.communicate()
    assert checkpoint.exists()
    assert not (tmp_path / "killed" / "model.safetensors").exists()
    shutil.copytree(tmp_path / "killed", tmp_path / "by-one")
    finish(torchrun(path, folder, tmp_path / "killed"))
    assert_same_curve(tmp_path / "alone", tmp_path / "killed")
    maskreid("train", path, "--data", folder, "--out", tmp_path / "by-one", "--device", "cpu")
    assert_same_curve(tmp_path / "alone", tmp_path / "by-one")
    out, _ = finish(torchrun(path, folder, tmp_path / "killed"))  # nothing is left to do
    assert out.count("trained ") == 1


def test_a_mistake_is_one_line_of_each(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "large.toml"
    path.write_text(replace(SOFTMAX, batch=BatchConfig(size=5000)).to_toml())
    _, err = finish(torchrun(path, folder, tmp_path / "run"), code=1)
    lines = [line for line in err.splitlines() if "batch.size is 5000" in line]
    assert len(lines) == 2
    assert all(line.startswith("maskreid: ") for line in lines)
