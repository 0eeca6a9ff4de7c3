"""One item ahead, in order, with errors where they belong."""

from __future__ import annotations

import threading

import pytest

from maskreid.ahead import ahead


def test_in_order_and_one_ahead() -> None:
    begun: list[int] = []
    second = threading.Event()

    def work(item: int) -> int:
        begun.append(item)
        if item == 1:
            second.set()
        return 10 * item

    results = ahead(map(work, range(4)))
    assert next(results) == 0
    assert second.wait(5), "the next is made while the first is used"
    assert 2 not in begun, "and no further"
    assert list(results) == [10, 20, 30]


def test_nothing_and_one() -> None:
    assert list(ahead([])) == []
    assert list(ahead([None])) == [None]


def test_an_error_comes_in_its_turn() -> None:
    results = ahead(1 // item for item in (1, 1, 0, 1))
    assert next(results) == 1
    assert next(results) == 1
    with pytest.raises(ZeroDivisionError):
        next(results)
