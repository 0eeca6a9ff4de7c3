"""Making the next thing while the one before is used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")

END = object()


def ahead(items: Iterable[T]) -> Iterator[T]:
    """Yield the items, each made by a thread while the one before is used.

    Errors in making one are raised where it would have been yielded.
    """
    remaining = iter(items)
    with ThreadPoolExecutor(1) as thread:
        waiting = thread.submit(next, remaining, END)
        while (item := waiting.result()) is not END:
            waiting = thread.submit(next, remaining, END)
            yield item  # type: ignore[misc]
