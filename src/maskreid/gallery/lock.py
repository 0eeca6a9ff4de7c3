"""Who may write: any number of processes that add, or one that erases or tidies up."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from maskreid.gallery.errors import BusyError, telling
from maskreid.gallery.place import in_bucket

LOCK, TENDING, NUMBERING = ".lock", ".tending", ".numbering"
PATIENCE = 1.0  # seconds: `being_written` holds the lock for a moment
POLL = 0.02  # seconds


@contextmanager
def writing(path: str, *, alone: bool = False, patience: float = PATIENCE) -> Iterator[bool]:
    """Hold the gallery's lock; yield whether it is certain that nobody else writes.

    Who only tidies up (`tidying`) is waited for. A gallery in a bucket has no lock: Lance keeps its rows whole, but
    erasing must leave alone what a writer that nobody can see may be about to commit.

    Args:
        path: of the gallery.
        alone: for erasing; else for adding, beside others that add.
        patience: seconds to wait for others.

    Raises:
        BusyError: another process holds it.
        MaskreidError: the folder cannot be written.
    """
    if in_bucket(path):
        yield False
        return
    with _lock_file(path, LOCK) as file:
        until = time.monotonic() + patience
        while not _taken(file, alone=alone):
            if _is_tidied(path):
                until = time.monotonic() + patience
            elif time.monotonic() >= until:
                other = "adding or removing" if alone else "removing"
                raise BusyError(f"{path}: another process is {other} images there; repeat this when it has finished")
            time.sleep(POLL)
        yield alone


@contextmanager
def tidying(path: str) -> Iterator[None]:
    """Hold the gallery's lock for what loses nothing if it is left out, and takes no longer than writers can wait.

    Raises:
        BusyError: another process holds it.
        MaskreidError: the folder cannot be written.
    """
    if in_bucket(path):
        yield
        return
    # The first lock says what the second is for; it is taken before and let go after.
    with _lock_file(path, TENDING) as said, _lock_file(path, LOCK) as file:
        if not (_taken(said, alone=True) and _taken(file, alone=True)):
            raise BusyError(f"{path}: another process is writing there")
        yield


@contextmanager
def numbering(path: str) -> Iterator[None]:
    """Hold what names of groups are counted under, and wait for who holds it; a bucket has no such lock."""
    if in_bucket(path):
        yield
        return
    with _lock_file(path, NUMBERING) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def being_written(path: str) -> bool:
    """Return whether another process is adding or removing; False in a bucket, where nobody can tell.

    Unlike `writing`, this only reads, so it also answers in a folder that may not be written.

    Raises:
        MaskreidError: the lock cannot be read.
    """
    return _is_held(path, LOCK)


def being_erased(path: str) -> bool:
    """Return whether another process is removing; otherwise as `being_written`."""
    return _is_held(path, LOCK, alone=True) and not _is_tidied(path)


def _is_tidied(path: str) -> bool:
    return _is_held(path, TENDING, alone=True)


def _is_held(path: str, name: str, *, alone: bool = False) -> bool:
    """Return whether another process holds a lock, or only whether it holds it ``alone``."""
    lock = Path(path) / name
    if in_bucket(path) or not lock.exists():
        return False
    with telling(path), lock.open() as file:
        return not _taken(file, alone=not alone)  # let go at once, with the file


@contextmanager
def _lock_file(path: str, name: str) -> Iterator[IO[str]]:
    with telling(path):
        file = (Path(path) / name).open("a")
    with file:
        yield file


def _taken(file: IO[str], *, alone: bool) -> bool:
    try:
        fcntl.flock(file, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
