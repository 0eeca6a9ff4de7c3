"""Which of OpenBLAS's kernels NumPy multiplies with: it takes a slow one on processors that it does not know yet."""

from __future__ import annotations

import os
import sys
from pathlib import Path

VARIABLE = "OPENBLAS_CORETYPE"
NEEDED = {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}  # without them the kernel stops the program


def use_avx512_products() -> None:
    """Let OpenBLAS use its AVX-512 kernel where the processor surely has it: every product takes half the time.

    Only a program may decide this, not a library, and only before NumPy is imported. What the variable already says
    is left alone.
    """
    if VARIABLE not in os.environ and "numpy" not in sys.modules:
        try:
            processor = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
        except OSError:  # not Linux
            return
        if kernel := openblas_kernel(processor):
            os.environ[VARIABLE] = kernel


def openblas_kernel(cpuinfo: str) -> str | None:
    """Name the kernel for what ``/proc/cpuinfo`` says, or None to leave the choice to OpenBLAS.

    OpenBLAS knows Intel's processors. It takes AMD's since Zen 5, which have AVX-512 as Intel's Skylake-X has it,
    for the older ones that have not.
    """
    lines = (line.partition(":") for line in cpuinfo.splitlines())
    first: dict[str, str] = {}
    for name, _, value in lines:
        first.setdefault(name.strip(), value)
    amd = first.get("vendor_id", "").strip() == "AuthenticAMD"
    return "SkylakeX" if amd and set(first.get("flags", "").split()) >= NEEDED else None
