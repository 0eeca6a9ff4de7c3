"""Answers put together by where or when: pure functions of a list."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

from maskreid.gallery.schema import FIRST_DATE
from maskreid.gallery.search import Hit

PERIODS = 12  # groups of one span of time, at most about
HOUR, DAY = 3600.0, 86400.0  # seconds
YEAR = 52 * 7 * DAY
ROUND = (60.0, 300.0, 900.0, HOUR, 3 * HOUR, 6 * HOUR, DAY, 7 * DAY, 28 * DAY, YEAR / 4, YEAR)  # as people count


Key = TypeVar("Key", bound=Hashable)


def by_camera(hits: Sequence[Hit]) -> dict[int, list[Hit]]:
    """Return each camera's answers in their order; the camera of the first answer comes first."""
    return _grouped(hits, lambda hit: hit.entry.camera)


def by_time(hits: Sequence[Hit]) -> dict[tuple[float, float] | None, list[Hit]]:
    """Return the answers of each period (from, to) in their order, the earliest period first.

    Periods are of one length that people count in, so that there are about `PERIODS` of them. Answers without a
    time are under None, the last.
    """
    times = [hit.entry.time for hit in hits if hit.entry.time is not None]
    step = _step(max(times) - min(times), min(times) >= FIRST_DATE) if times else 1.0
    found = _grouped(hits, lambda hit: None if hit.entry.time is None else math.floor(hit.entry.time / step))
    ordered = sorted(found.items(), key=lambda item: math.inf if item[0] is None else item[0])
    return {None if key is None else (key * step, (key + 1) * step): group for key, group in ordered}


def _step(span: float, dates: bool) -> float:
    if dates:
        return next((step for step in ROUND if span <= PERIODS * step), YEAR * math.ceil(span / PERIODS / YEAR))
    power = 10.0 ** math.floor(math.log10(max(span / PERIODS, 1e-3)))
    return next(step * power for step in (1, 2, 5, 10, 20) if span <= PERIODS * step * power)


def _grouped(hits: Sequence[Hit], key: Callable[[Hit], Key]) -> dict[Key, list[Hit]]:
    groups: dict[Key, list[Hit]] = {}
    for hit in hits:
        groups.setdefault(key(hit), []).append(hit)
    return groups
