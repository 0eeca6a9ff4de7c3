"""Freed memory is kept by the program, not by the library, and not against the user's own settings."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from maskreid.cli.memory import keep_freed_memory

# Faults of 20 rounds of taking, touching and freeing 64 MiB, after a first one; the pages are new each time, or kept.
COUNT = """
import resource, sys
import numpy as np
if sys.argv[1] == "keep":
    from maskreid.cli.memory import keep_freed_memory
    assert keep_freed_memory()
np.ones(8 << 20)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    np.ones(8 << 20)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc only")
def test_pages_are_not_asked_for_again_and_again() -> None:
    env = {name: value for name, value in os.environ.items() if name != "GLIBC_TUNABLES"}
    faults = {
        mode: int(
            subprocess.run([sys.executable, "-c", COUNT, mode], capture_output=True, check=True, env=env).stdout
        )
        for mode in ("keep", "plain")
    }
    assert faults["keep"] < 0.5 * faults["plain"]


def test_the_users_own_settings_win(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLIBC_TUNABLES", "glibc.malloc.check=0")
    assert not keep_freed_memory()


def test_other_systems_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not keep_freed_memory()
