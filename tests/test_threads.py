from __future__ import annotations

import pytest

from maskreid import threads
from maskreid.threads import in_threads, map_in_threads, thread_count


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


@pytest.mark.parametrize("count", [1, 3])
def test_results_come_in_the_order_of_the_items(monkeypatch, count: int) -> None:
    monkeypatch.setattr(threads, "thread_count", lambda: count)
    assert list(map_in_threads(str, range(50))) == [str(item) for item in range(50)]
    assert list(map_in_threads(str, [])) == []


def test_few_items_are_taken_before_the_first_result(monkeypatch) -> None:
    monkeypatch.setattr(threads, "thread_count", lambda: 2)
    items = iter(range(1000))
    assert next(map_in_threads(str, items)) == "0"
    assert next(items) == 2 * threads.AT_ONCE


def test_an_error_of_one_item_comes_in_its_turn(monkeypatch) -> None:
    monkeypatch.setattr(threads, "thread_count", lambda: 2)
    results = map_in_threads(lambda item: 1 // item, [1, 1, 0])
    assert (next(results), next(results)) == (1, 1)
    with pytest.raises(ZeroDivisionError):
        next(results)
