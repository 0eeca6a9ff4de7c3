"""How loops over numbers become machine code. Imports numba, which takes most of a second: so do the ``*_kernels``
modules, which are therefore imported only inside the functions that run them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., object])


def compiled(function: F) -> F:
    """Compile at the first call, keep the machine code beside the source, and let other threads run meanwhile.

    Sums may be taken in any order and division by zero is not looked for, so that loops use whole vectors;
    infinities keep their meaning.
    """
    compile_ = partial(numba.njit, nogil=True, fastmath={"reassoc", "contract"}, error_model="numpy")
    try:
        return cast(F, compile_(cache=True)(function))
    except RuntimeError:  # nowhere to keep it: neither the source's folder nor the user's cache can be written to
        return cast(F, compile_()(function))
