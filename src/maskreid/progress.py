"""How long work tells a person that it is alive: done, rate, time left."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Protocol, TypeVar

T = TypeVar("T")

LINE_EVERY = 10.0  # seconds between two lines where there is no terminal

_unfinished = False  # whether the terminal's last line is a live one, which the next text goes over


class Progress(Protocol):
    """What long functions accept: wrap an iterable, get its items back, and be told about them."""

    def __call__(self, items: Iterable[T], *, total: int, what: str, unit: str) -> Iterator[T]:
        """Yield the items of ``items`` unchanged; ``total`` is how many will come."""


def silent(items: Iterable[T], *, total: int, what: str, unit: str) -> Iterator[T]:
    """Report nothing: the default of every library function."""
    yield from items


def terminal(items: Iterable[T], *, total: int, what: str, unit: str) -> Iterator[T]:
    """Report to standard error: a live line on a terminal, else a plain line every ten seconds and at the end."""
    live = sys.stderr.isatty()
    started = last = time.monotonic()
    done = 0
    try:
        for item in items:
            yield item
            done += 1
            now = time.monotonic()
            if now - last >= (0.2 if live else LINE_EVERY) and done < total:
                last = now
                _show(_line(what, unit, done, total, now - started), live=live, end=False)
        elapsed = time.monotonic() - started
        if live or elapsed >= 1:
            _show(_line(what, unit, done, total, elapsed), live=live, end=True)
    finally:
        end_line()


def finish(counted: Iterator[object]) -> None:
    """Take what is left of what was counted by hand, so that progress is told about the end of the work."""
    for _ in counted:
        pass


def end_line() -> None:
    """End the live line, if there is one, so that what is written next does not stand behind it.

    Whoever writes an error calls it: an error in the work between two items does not come past `terminal`.
    """
    global _unfinished
    if _unfinished:
        _unfinished = False
        print(file=sys.stderr, flush=True)


def chunks(counted: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield ``size`` items at a time of what progress counts one by one: work in batches, rates in images."""
    remaining = iter(counted)
    while chunk := list(islice(remaining, size)):
        yield chunk


def _line(what: str, unit: str, done: int, total: int, elapsed: float) -> str:
    rate = done / elapsed if elapsed > 0 else 0.0
    speed = f"{rate:.1f} {unit}/s" if rate >= 1 or not rate else f"{1 / rate:.1f} s/{unit}"
    if done >= total:
        return f"{what}: {done} done in {_clock(elapsed)} ({speed})"
    left = _clock((total - done) / rate) if rate else "unknown"
    return f"{what}: {done}/{total} ({100 * done // max(total, 1)} %), {speed}, {left} left"


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"


def _show(line: str, *, live: bool, end: bool) -> None:
    global _unfinished
    _unfinished = live and not end
    text = f"\r\x1b[2K{line}" if live else line
    print(text, end="\n" if end or not live else "", file=sys.stderr, flush=True)
