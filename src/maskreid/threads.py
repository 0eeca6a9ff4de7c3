"""Work shared out among threads, where it lets go of Python's lock: compiled kernels, and Pillow's decoding."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import TypeVar

from maskreid.progress import chunks

T = TypeVar("T")
R = TypeVar("R")

AT_ONCE = 8  # items a thread that are asked for together: each waits in memory until the ones before are taken


def thread_count() -> int:
    """Processors that this process may use, or fewer if ``OMP_NUM_THREADS`` says so, as it does to BLAS."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    asked = os.environ.get("OMP_NUM_THREADS", "")
    return min(allowed, int(asked)) if asked.isdecimal() and int(asked) else allowed


def in_threads(work: Callable[[int, int], object], rows: int) -> None:
    """Call ``work(start, stop)`` so that every one of ``rows`` is in one call; return when all are done."""
    threads = thread_count()
    cuts = [rows * part // threads for part in range(threads + 1)]
    spans = [(start, stop) for start, stop in pairwise(cuts) if start < stop]
    if len(spans) == 1:
        work(*spans[0])
        return
    with ThreadPoolExecutor(threads) as pool:  # made anew in a tenth of a millisecond, and a fork cannot break it
        for done in [pool.submit(work, *span) for span in spans]:
            done.result()


def map_in_threads(work: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """Yield ``work(item)`` for each item in turn; errors of ``work`` are raised where its result would be yielded."""
    threads = thread_count()
    with ThreadPoolExecutor(threads) as pool:
        for chunk in chunks(items, AT_ONCE * threads):
            yield from pool.map(work, chunk)
