"""What Lance reports, as one line that says where and what to do."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

from maskreid.errors import MaskreidError

HINTS = {
    "No space left": "the disk is full; nothing was half written: make room and repeat the command",
    "File too large": "a file may not grow so large (ulimit -f); nothing was half written: raise it and repeat",
    "Permission denied": "it may not be written; choose another place or change its permissions",
    "Read-only file system": "it may not be written; choose another place",
    "Disk quota exceeded": "the disk is full; nothing was half written: make room and repeat the command",
}


class BusyError(MaskreidError):
    """Another process is writing."""


@contextmanager
def telling(path: str) -> Iterator[None]:
    """Turn what LanceDB and Lance raise inside into a `MaskreidError` about the gallery at ``path``."""
    try:
        yield
    except MaskreidError:
        raise
    except (OSError, RuntimeError, ValueError) as error:
        text = " ".join(str(error).split())
        if "conflict" in text.lower():
            raise BusyError(f"{path}: another process wrote there at the same moment; repeat the command") from error
        for reason, hint in HINTS.items():
            if reason in text or getattr(error, "errno", None) in _numbers(reason):
                raise MaskreidError(f"{path}: {hint}") from error
        raise MaskreidError(
            f"{path}: cannot be read or written ({text[:300]}); maskreid gallery verify {path} says what is damaged"
        ) from error


def _numbers(reason: str) -> set[int]:
    return {number for number in errno.errorcode if reason in os.strerror(number)}
