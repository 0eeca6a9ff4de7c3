from __future__ import annotations

from datetime import UTC, datetime

import pytest

from maskreid.gallery import Entry, Hit
from maskreid.gallery.groups import PERIODS, by_camera, by_time


def hit(camera: int, time: float | None) -> Hit:
    return Hit(Entry("0" * 32, camera, time, None, None, (), "s", "p", 0.5, datetime.now(UTC)), 0.5)


def test_cameras_in_the_order_of_their_best() -> None:
    hits = [hit(3, 1), hit(1, 2), hit(3, 3), hit(-1, 4)]
    assert {camera: [each.entry.time for each in group] for camera, group in by_camera(hits).items()} == {
        3: [1, 3], 1: [2], -1: [4]
    }  # fmt: skip
    assert list(by_camera(hits)) == [3, 1, -1]


@pytest.mark.parametrize(
    "times", [[0.0], [5.0, 5.0], [0.0, 99.0], [1e9, 1e9 + 7], [1.7e9, 1.8e9], [1e-9, 2e-9], [0, 5000]]
)
def test_periods_hold_their_answers_once_and_in_order(times: list[float]) -> None:
    hits = [hit(1, time) for time in (*reversed(times), None)]
    found = by_time(hits)
    assert sum(map(len, found.values())) == len(hits)
    assert list(found)[-1] is None
    periods = [period for period in found if period is not None]
    assert periods == sorted(periods)
    assert len(periods) <= PERIODS + 1
    for start, end in periods:
        assert all(start <= (each.entry.time or 0) < end * (1 + 1e-12) for each in found[start, end])


def test_dates_are_grouped_by_what_people_count_in() -> None:
    start = datetime(2026, 11, 23, 8, 20, tzinfo=UTC).timestamp()
    periods = list(by_time([hit(1, start), hit(1, start + 9 * 3600)]))
    assert periods[0] == (
        datetime(2026, 11, 23, 8, tzinfo=UTC).timestamp(),
        datetime(2026, 11, 23, 9, tzinfo=UTC).timestamp(),
    )
    assert by_time([]) == {}


@pytest.mark.parametrize(("days", "weeks"), [(60, 1), (199, 4), (900, 13), (4000, 52), (9000, 156)])
def test_long_spans_are_grouped_by_weeks(days: int, weeks: int) -> None:
    start = datetime(2001, 3, 5, tzinfo=UTC).timestamp()
    for period in by_time([hit(1, start), hit(1, start + days * 86400)]):
        assert period
        assert period[1] - period[0] == weeks * 7 * 86400
