"""Commands, run as a user runs them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from maskreid.images import Dataset

MASKREID = Path(sys.executable).with_name("maskreid")


def maskreid(
    *arguments: str | Path, code: int = 0, before: str = "", **options: Any
) -> subprocess.CompletedProcess[str]:
    """Run ``maskreid`` and expect an exit status.

    Args:
        arguments: the verb and what follows it.
        code: the status.
        before: Python that its process runs first.
        options: those of `subprocess.run`.
    """
    first = f"{before}\nimport os, sys; os.execv(sys.argv[1], sys.argv[1:])"
    python = [sys.executable, "-c", first] if before else []
    done = subprocess.run([*python, MASKREID, *arguments], capture_output=True, text=True, timeout=300, **options)
    assert "Traceback" not in done.stderr
    assert done.returncode == code, done.stderr
    return done


def write(dataset: Dataset, root: Path) -> None:
    """Write a dataset that is in memory as files."""
    for member in dataset.source.members():
        (root / member).parent.mkdir(parents=True, exist_ok=True)
        (root / member).write_bytes(dataset.source.read(member))
