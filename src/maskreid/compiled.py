"""How loops over numbers become machine code. Imports numba, which takes most of a second: so do the ``*_kernels``
modules, which are therefore imported only inside the functions that run them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar, cast

import numba

from maskreid.files import cache_folder

settings: Any = numba.config
F = TypeVar("F", bound=Callable[..., object])


def digest_of(sources: Iterable[Path]) -> str:
    """Return 16 hex digits of what is in these files, in the order of their names."""
    return hashlib.sha256(
        b"".join(hashlib.sha256(file.read_bytes()).digest() for file in sorted(sources))
    ).hexdigest()[:16]


PACKAGE = Path(__file__).parent
# numba compiles again when a function's own file changes, and kernels also call those of other files.
KERNELS = digest_of([Path(__file__), *PACKAGE.rglob("*_kernels.py")])
_LOCK = Lock()  # numba's settings are the process's


def kept_in() -> Path:
    """Return where machine code is kept: below ``$NUMBA_CACHE_DIR``, the package, or `cache_folder`.

    The last is where the package cannot be written: numba's own choice then would leave out the kernels' digest.
    """
    beside = PACKAGE / "__pycache__"
    if settings.CACHE_DIR:
        base = Path(settings.CACHE_DIR)
    elif os.access(beside if beside.exists() else PACKAGE, os.W_OK | os.X_OK):
        base = beside
    else:
        base = cache_folder()
    return base / f"kernels-{KERNELS}"


def compiled(function: F) -> F:
    """Compile at the first call, keep the machine code (`kept_in`), and let other threads run meanwhile.

    Sums may be taken in any order and division by zero is not looked for, so that loops use whole vectors;
    infinities keep their meaning.
    """
    compile_ = partial(numba.njit, nogil=True, fastmath={"reassoc", "contract"}, error_model="numpy")
    with _LOCK:
        before = settings.CACHE_DIR
        try:
            settings.CACHE_DIR = str(kept_in())
            return cast(F, compile_(cache=True)(function))
        except RuntimeError:
            # Nowhere to keep it: the function has no file, or nothing can be written to, or the user has no home.
            return cast(F, compile_()(function))
        finally:
            settings.CACHE_DIR = before
