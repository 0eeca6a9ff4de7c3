"""``maskreid train``, killed with SIGKILL at random moments; benchmarks/training.py does it twenty times."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from running import MASKREID, new_process, write

from maskreid.images import Dataset
from maskreid.network import NetworkConfig, load_model
from maskreid.training import BatchConfig, DataConfig, LossConfig, Recipe, ScheduleConfig

RECIPE = Recipe(
    name="killed",
    data=DataConfig(resize=(54, 36), masks="dataset", held_out=0.25, erase=0.5, worse_masks=0.3),
    network=NetworkConfig(width=0.25, dimension=32, input_size=(48, 32)),
    loss=LossConfig(softmax=1.0, ranking=1.0, n_pair=0.5),
    batch=BatchConfig(sampler="identities", identities=6, images=4),
    schedule=ScheduleConfig(
        iterations=120,
        learning_rate=0.02,
        policy="cosine",
        precision="float32",
        ema=0.9,
        validate_every=40,
        checkpoint_every=10,
    ),
)


@pytest.fixture
def files(world: Dataset, tmp_path: Path) -> tuple[Path, Path]:
    """A recipe and a dataset on disk."""
    write(world, tmp_path / "data")
    (tmp_path / "killed.toml").write_text(RECIPE.to_toml())
    return tmp_path / "killed.toml", tmp_path / "data"


def written(checkpoint: Path) -> int:
    """When it was replaced last; 0 where there is none."""
    return checkpoint.stat().st_mtime_ns if checkpoint.exists() else 0


def test_a_run_killed_at_random_moments_ends_as_if_it_had_not_been(files: tuple[Path, Path], tmp_path: Path) -> None:
    recipe, data = files
    arguments = ["train", recipe, "--data", data, "--device", "cpu", "--out"]
    new_process(*arguments, tmp_path / "whole")
    checkpoint, rng = tmp_path / "run" / "checkpoint.pt", random.Random(7)
    for _ in range(3):
        before = written(checkpoint)
        process = subprocess.Popen(
            [MASKREID, *arguments, tmp_path / "run"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        until = time.monotonic() + 120
        while written(checkpoint) == before and process.poll() is None and time.monotonic() < until:
            time.sleep(0.005)
        time.sleep(rng.uniform(0, 0.2))
        process.kill()
        assert process.wait() == -signal.SIGKILL, "it had ended by itself"
        assert written(checkpoint) != before
    assert not (tmp_path / "run" / "model.safetensors").exists()
    new_process(*arguments, tmp_path / "run")
    first, second = (load_model(tmp_path / run) for run in ("whole", "run"))
    states = [model.network.state_dict() for model in (first, second)]
    assert all(torch.equal(value, states[1][name]) for name, value in states[0].items())
    assert first.card["metrics"] == second.card["metrics"]


def test_a_profile_says_where_the_time_goes(files: tuple[Path, Path], tmp_path: Path) -> None:
    recipe, data = files
    recipe.write_text(replace(RECIPE, schedule=replace(RECIPE.schedule, iterations=8)).to_toml())
    arguments = ["train", recipe, "--data", data, "--device", "cpu", "--out", tmp_path / "run", "--profile"]
    done = new_process(*arguments)
    numbers = json.loads((tmp_path / "run" / "profile.json").read_text())
    assert set(numbers["seconds"]) == {"data", "transfer", "forward", "loss", "backward", "optimiser"}
    assert numbers["seconds"]["transfer"] == 0  # on the CPU
    assert all(numbers["seconds"][stage] > 0 for stage in ("data", "forward", "loss", "backward", "optimiser"))
    assert numbers["iterations"] == 4  # half of the run is for warming up
    assert numbers["images_per_iteration"] == 24
    assert numbers["peak_memory_bytes"] > 10**8
    for word in ("backward", "images/s", "GFLOP an image", "% of the", "peak memory"):
        assert word in done.stdout
