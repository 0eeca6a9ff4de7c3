"""How loops over numbers become machine code. Imports numba: import what uses this only inside functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numba

F = TypeVar("F", bound=Callable[..., object])


def compiled(function: F) -> F:
    """Compile at the first call, keep the machine code beside the source, and let other threads run meanwhile."""
    faster: F = numba.njit(cache=True, nogil=True)(function)
    return faster
