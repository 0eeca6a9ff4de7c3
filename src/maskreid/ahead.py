"""Reading while the processor has better to do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def ahead(work: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """Yield ``work(item)`` for each item in turn, made by a thread while the one before is used.

    Errors of ``work`` are raised where its result would have been yielded.
    """
    with ThreadPoolExecutor(1) as thread:
        remaining = iter(items)
        try:
            waiting = thread.submit(work, next(remaining))
        except StopIteration:
            return
        for item in remaining:
            result = waiting.result()
            waiting = thread.submit(work, item)
            yield result
        yield waiting.result()
