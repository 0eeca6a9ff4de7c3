"""Who waits for whom."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from made_up import put, unit

from maskreid.gallery import Filter, Gallery, label, remove
from maskreid.gallery.errors import BusyError
from maskreid.gallery.lock import being_written, tidying, writing
from maskreid.gallery.tend import tend


def test_who_writes_or_removes_waits_for_who_tidies_up(empty: Gallery) -> None:
    put(empty, unit(3), cameras=[1, 2, 2])
    with ThreadPoolExecutor(2) as others:
        with tidying(empty.path):
            named = others.submit(label, empty, Filter(cameras=(1,)), "ann")
            time.sleep(1.5)  # longer than anybody waits for a removal
            assert not named.done()
        assert named.result(10) == 1
        with tidying(empty.path):
            removed = others.submit(remove, empty, Filter(cameras=(2,)))
            time.sleep(1.5)
            assert not removed.done()
        assert removed.result(10) == 2


def test_tidying_up_waits_for_nobody_and_does_nothing_beside_others(empty: Gallery) -> None:
    put(empty, unit(3))
    for kind in (writing(empty.path), writing(empty.path, alone=True), tidying(empty.path)):
        with kind:
            with pytest.raises(BusyError), tidying(empty.path):
                pytest.fail("two at once")
            tend(empty)


def test_a_look_at_the_lock_keeps_no_writer_out(empty: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    with ThreadPoolExecutor(1) as other:
        watching = other.submit(lambda: [being_written(empty.path) for _ in range(20_000)])
        while not watching.done():
            with writing(empty.path):
                pass
    assert not being_written(empty.path)


def test_many_write_at_once_and_a_removal_tells_them_so(empty: Gallery) -> None:
    with writing(empty.path), writing(empty.path):
        assert being_written(empty.path)
    with writing(empty.path, alone=True), pytest.raises(BusyError, match="is removing images"), writing(empty.path):
        pytest.fail("two at once")
