from __future__ import annotations

import pytest

from maskreid import threads
from maskreid.threads import in_threads, thread_count


@pytest.mark.parametrize("count", [1, 2, 3, 16])
@pytest.mark.parametrize("rows", [0, 1, 2, 7, 100])
def test_every_row_is_worked_on_once(monkeypatch, count: int, rows: int) -> None:
    monkeypatch.setattr(threads, "thread_count", lambda: count)
    done: list[int] = []
    in_threads(lambda first, last: done.extend(range(first, last)), rows)
    assert sorted(done) == list(range(rows))


def test_an_error_in_a_thread_arrives(monkeypatch) -> None:
    monkeypatch.setattr(threads, "thread_count", lambda: 2)
    with pytest.raises(ZeroDivisionError):
        in_threads(lambda first, last: 1 // first, 10)


@pytest.mark.parametrize(("asked", "expected"), [("1", 1), ("0", None), ("many", None), ("", None), ("10000", None)])
def test_the_environment_can_ask_for_fewer(monkeypatch, asked: str, expected: int | None) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    everything = thread_count()
    monkeypatch.setenv("OMP_NUM_THREADS", asked)
    assert thread_count() == (expected or everything)
