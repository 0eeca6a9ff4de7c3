"""Commands, run as a user runs them."""

from __future__ import annotations

import io
import subprocess
import sys
from contextlib import redirect_stderr
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from maskreid.images import Dataset

MASKREID = Path(sys.executable).with_name("maskreid")


def maskreid(
    *arguments: str | Path, code: int | None = 0, before: str = "", **options: Any
) -> subprocess.CompletedProcess[str]:
    """Run ``maskreid`` and expect an exit status.

    Args:
        arguments: the verb and what follows it.
        code: the status; None for any.
        before: Python that its process runs first.
        options: those of `subprocess.run`.
    """
    first = f"{before}\nimport os, sys; os.execv(sys.argv[1], sys.argv[1:])"
    python = [sys.executable, "-c", first] if before else []
    done = subprocess.run([*python, MASKREID, *arguments], capture_output=True, text=True, timeout=300, **options)
    assert "Traceback" not in done.stderr
    assert code in (None, done.returncode), done.stdout + done.stderr
    return done


def refused(*arguments: str | Path) -> str:
    """Run ``maskreid`` in this process, for one of many mistakes: what it says, when it ends with exit status 2."""
    from maskreid.cli.main import main

    said = io.StringIO()
    with (
        patch.object(sys, "argv", ["maskreid", *map(str, arguments)]),
        patch.object(sys, "stdin", io.StringIO()),
        redirect_stderr(said),
        pytest.raises(SystemExit) as end,
    ):
        main()
    assert end.value.code == 2
    return said.getvalue()


def write(dataset: Dataset, root: Path) -> None:
    """Write a dataset that is in memory as files."""
    for member in dataset.source.members():
        (root / member).parent.mkdir(parents=True, exist_ok=True)
        (root / member).write_bytes(dataset.source.read(member))
