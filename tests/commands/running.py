"""Commands, run as a user runs them."""

from __future__ import annotations

import io
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from maskreid.images import Dataset

MASKREID = Path(sys.executable).with_name("maskreid")


def maskreid(*arguments: str | Path, code: int | None = 0) -> subprocess.CompletedProcess[str]:
    """Run ``maskreid`` in this process, which has imported already what takes a new one seconds.

    Args:
        arguments: the verb and what follows it.
        code: the exit status to expect; None for any.
    """
    from maskreid.cli.main import main

    out, err = io.StringIO(), io.StringIO()
    with (
        patch.object(sys, "argv", ["maskreid", *map(str, arguments)]),
        patch.object(sys, "stdin", io.StringIO()),
        redirect_stdout(out),
        redirect_stderr(err),
        pytest.raises(SystemExit) as end,
    ):
        main()
    status = int(end.value.code or 0)
    done = subprocess.CompletedProcess([*map(str, arguments)], status, out.getvalue(), err.getvalue())
    return _as_expected(done, code)


def new_process(
    *arguments: str | Path, code: int | None = 0, before: str = "", **options: Any
) -> subprocess.CompletedProcess[str]:
    """Run ``maskreid`` as a shell does, where what it imports, or its environment, is what counts.

    Args:
        arguments: the verb and what follows it.
        code: the exit status to expect; None for any.
        before: Python that the process runs first.
        options: those of `subprocess.run`.
    """
    first = f"{before}\nimport os, sys; os.execv(sys.argv[1], sys.argv[1:])"
    python = [sys.executable, "-c", first] if before else []
    done = subprocess.run([*python, MASKREID, *arguments], capture_output=True, text=True, timeout=300, **options)
    return _as_expected(done, code)


def _as_expected(done: subprocess.CompletedProcess[str], code: int | None) -> subprocess.CompletedProcess[str]:
    assert "Traceback" not in done.stderr
    assert code in (None, done.returncode), done.stdout + done.stderr
    return done


def refused(*arguments: str | Path) -> str:
    """Run ``maskreid`` with a mistake: what it says, when it ends with exit status 2."""
    return maskreid(*arguments, code=2).stderr


def write(dataset: Dataset, root: Path) -> None:
    """Write a dataset that is in memory as files."""
    for member in dataset.source.members():
        (root / member).parent.mkdir(parents=True, exist_ok=True)
        (root / member).write_bytes(dataset.source.read(member))
