"""Who may write: any number of processes that add, or one that erases."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from maskreid.gallery.errors import BusyError, telling


@contextmanager
def writing(path: str, *, alone: bool = False) -> Iterator[bool]:
    """Hold the gallery's lock; yield whether it is certain that nobody else writes.

    A gallery in a bucket has no lock: Lance keeps its rows whole, but erasing must leave alone what a writer that
    nobody can see may be about to commit.

    Args:
        path: of the gallery.
        alone: for erasing; else for adding, beside others that add.

    Raises:
        BusyError: another process holds it.
        MaskreidError: the folder cannot be written.
    """
    if "://" in path:
        yield False
        return
    with telling(path):
        file = (Path(path) / ".lock").open("a")
    with file:
        try:
            fcntl.flock(file, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except OSError:
            other = "adding or removing" if alone else "removing"
            raise BusyError(
                f"{path}: another process is {other} images there; repeat this when it has finished"
            ) from None
        yield alone


def being_written(path: str) -> bool:
    """Return whether another process is adding or removing; False in a bucket, where nobody can tell.

    Unlike `writing`, this only reads, so it also answers in a folder that may not be written.

    Raises:
        MaskreidError: the lock cannot be read.
    """
    lock = Path(path) / ".lock"
    if "://" in path or not lock.exists():
        return False
    with telling(path), lock.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # let go at once, with the file
        except BlockingIOError:
            return True
    return False
