"""How long work tells a person that it is alive: done, rate, time left."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Protocol, TypeVar

T = TypeVar("T")


class Progress(Protocol):
    """What long functions accept: wrap an iterable, get its items back, and be told about them."""

    def __call__(self, items: Iterable[T], *, total: int, what: str, unit: str) -> Iterator[T]:
        """Yield the items of ``items`` unchanged; ``total`` is how many will come."""


def silent(items: Iterable[T], *, total: int, what: str, unit: str) -> Iterator[T]:
    """Report nothing: the default of every library function."""
    yield from items


@contextmanager
def terminal() -> Iterator[Progress]:
    """Report to standard error: a live bar on a terminal, one line every ten seconds in a log file."""
    raise NotImplementedError
