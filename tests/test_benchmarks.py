"""What measures the speed still runs: small, and without the peers, which are installed for `make bench` alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("evaluation.py --size quarter --no-peers --repeat 1", "maskreid"),
        ("reranking.py --size quarter --no-peers", "search"),
        ("embedding.py --model market1501-compact --images 4 --repeat 1 --only", "eager network alone, contiguous"),
        ("gallery.py search --model market1501-compact --entries 2000 --queries 2", "one query, all (2,000 entries)"),
        ("training.py floor", "at most"),
        ("web.py --model market1501-compact --entries 100 --queries 2", "one picture: median"),
    ],
)
def test_benchmark_runs(command: str, expected: str, tmp_path: Path) -> None:
    script, *arguments = command.split()
    done = subprocess.run(
        [sys.executable, BENCHMARKS / script, *arguments], capture_output=True, text=True, cwd=tmp_path, timeout=120
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert expected in done.stdout
