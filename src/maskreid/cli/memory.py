"""glibc gives memory back to the system and asks for it again at every layer of a network; here it keeps it."""

from __future__ import annotations

import ctypes
import os
import sys

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3  # malloc.h
KEEP = (1 << 31) - 1  # bytes


def keep_freed_memory() -> bool:
    """Tell malloc to keep what is freed, unless GLIBC_TUNABLES is set; return whether it will.

    On the CPU, a network's activations are as large as what malloc takes from the system by mmap and returns at once,
    and the system clears every page again: half of the time of a float32 forward pass (docs/performance.md). The
    peak of memory is the same, but it stays until the end.
    """
    if not sys.platform.startswith("linux") or "GLIBC_TUNABLES" in os.environ:
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except AttributeError:  # another C library
        return False
    return bool(mallopt(MMAP_THRESHOLD, KEEP)) and bool(mallopt(TRIM_THRESHOLD, KEEP))
