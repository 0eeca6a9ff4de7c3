"""Counted operations and nested stages."""

from __future__ import annotations

import pytest
import torch

from maskreid.network import NetworkConfig
from maskreid.training.profiling import peak_rate, profile_table, training_flop
from maskreid.training.stopwatch import Stopwatch

CPU = torch.device("cpu")


def test_the_papers_network_has_the_operations_of_its_layers() -> None:
    """1.75 G multiply-adds forward; backward twice that, less the gradient that no image needs."""
    assert training_flop(NetworkConfig()) == pytest.approx(6 * 1.75e9, rel=0.02)


def test_a_stage_does_not_count_the_stages_inside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("maskreid.training.stopwatch.time.perf_counter", lambda: now[0])

    def wait(seconds: float) -> None:
        now[0] += seconds

    watch = Stopwatch(CPU)
    with watch.stage("off"):
        wait(9)
    watch.on = True
    with watch.stage("outer"):
        wait(1)
        with watch.stage("inner"):
            wait(5)
        wait(2)
    wait(20)
    with watch.stage("inner"):
        wait(3)
    assert watch.seconds == {"outer": 3, "inner": 8}


def test_a_large_product_takes_more_than_a_billion_operations_a_second() -> None:
    assert peak_rate(CPU, torch.float32, 0.1) > 1e9


def test_the_table_has_shares_rate_and_peak() -> None:
    numbers = {
        "device": "a device",
        "processes": 2,
        "precision": "bfloat16",
        "iterations": 20,
        "images_per_iteration": 64,
        "seconds": {"data": 0.1, "forward": 0.3},
        "flop_per_image": 10**10,
        "peak_flop_per_second": 2 * 10**12,
        "peak_memory_bytes": 3 * 2**30,
    }
    table = profile_table(numbers)
    assert "data          100.00   25.0%" in table
    assert "64 images, 160.0 images/s" in table
    assert "10.00 GFLOP an image, 800 GFLOP/s: 40% of the 2000" in table  # of each of two processes
    assert "3,072 MiB" in table
