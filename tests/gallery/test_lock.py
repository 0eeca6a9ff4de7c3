"""Who waits for whom."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from made_up import put, unit

from maskreid.gallery import Filter, Gallery, label, remove
from maskreid.gallery.errors import BusyError
from maskreid.gallery.lock import being_erased, being_written, numbering, tidying, writing
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


def test_only_who_removes_on_a_disk_is_certain_to_write_alone(empty: Gallery) -> None:
    for path, alone, certain in (
        (empty.path, True, True),
        (empty.path, False, False),
        ("s3://bucket/people", True, False),
        ("s3://bucket/people", False, False),
    ):
        with writing(path, alone=alone) as found:
            assert found is certain


def test_only_a_removal_is_told_as_one(empty: Gallery) -> None:
    assert not being_erased(empty.path)
    for kind, erased in (
        (writing(empty.path, alone=True), True),
        (writing(empty.path), False),
        (tidying(empty.path), False),
    ):
        with kind:
            assert being_erased(empty.path) is erased
            assert being_written(empty.path)
    assert not being_erased("s3://bucket/people")
    assert not being_written("s3://bucket/people")


def test_a_gallery_that_nobody_has_written_to_is_not_being_written(tmp_path: Path) -> None:
    """Nor does the look leave a file."""
    assert not being_written(str(tmp_path))
    assert not being_erased(str(tmp_path))
    assert not list(tmp_path.iterdir())


def test_groups_are_numbered_one_after_the_other(empty: Gallery) -> None:
    def number(path: str) -> None:
        with numbering(path):
            pass

    with ThreadPoolExecutor(1) as other:
        with numbering(empty.path):
            numbered = other.submit(number, empty.path)
            other_gallery = other.submit(number, "s3://bucket/people")
            time.sleep(0.3)
            assert not numbered.done()
        numbered.result(10)
        other_gallery.result(10)
