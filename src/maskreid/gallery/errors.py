"""What Lance reports, as one line that says where and what to do."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import ParamSpec, TypeVar

from maskreid.errors import MaskreidError

HINTS = {
    "No space left": "the disk is full; {done}: make room and repeat the command",
    "File too large": "a file may not grow so large (ulimit -f); {done}: raise it and repeat",
    "Permission denied": "it may not be written; choose another place or change its permissions",
    "Read-only file system": "it may not be written; choose another place",
    "Disk quota exceeded": "the disk is full; {done}: make room and repeat the command",
}


# Folders of a Lance table: a file that is missing there belongs to a version that a removal has deleted, or is lost.
PARTS = ("/data/", "/_deletions/", "/_indices/", "/_versions/", "/_transactions/")


class BusyError(MaskreidError):
    """Another process is writing."""


class VanishedError(MaskreidError):
    """A file or an entry is not there any more."""


P = ParamSpec("P")
T = TypeVar("T")


def once_more(read: Callable[P, T]) -> Callable[P, T]:
    """Make a function that only reads begin again where a removal deleted what it was reading."""

    @wraps(read)
    def reading(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return read(*args, **kwargs)
        except VanishedError:
            return read(*args, **kwargs)

    return reading


@contextmanager
def telling(path: str, done: str = "nothing was half written") -> Iterator[None]:
    """Turn what LanceDB and Lance raise inside into a `MaskreidError` about the gallery at ``path``.

    Args:
        path: of the gallery.
        done: in words, how far what is inside has come if it fails for want of room.
    """
    try:
        yield
    except MaskreidError:
        raise
    except (OSError, RuntimeError, ValueError) as error:
        text = " ".join(str(error).split())
        if "conflict" in text.lower():
            raise BusyError(f"{path}: another process wrote there at the same moment; repeat the command") from error
        if "Not found" in text and any(part in text for part in PARTS):
            raise VanishedError(
                f"{path}: a file is gone, because entries were removed meanwhile, or it is damaged; repeat this, and "
                f"maskreid gallery verify {path} says if it is damaged"
            ) from error
        for reason, hint in HINTS.items():
            if reason in text or getattr(error, "errno", None) in _numbers(reason):
                raise MaskreidError(f"{path}: {hint.format(done=done)}") from error
        raise MaskreidError(
            f"{path}: cannot be read or written ({text[:300]}); maskreid gallery verify {path} says what is damaged"
        ) from error


def _numbers(reason: str) -> set[int]:
    return {number for number in errno.errorcode if reason in os.strerror(number)}
