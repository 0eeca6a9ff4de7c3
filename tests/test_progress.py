from __future__ import annotations

import io
import sys

import pytest

from maskreid import progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Standard error as a terminal, on which every item takes a second."""
    made, clock = Terminal(), iter(range(100))
    monkeypatch.setattr(sys, "stderr", made)
    monkeypatch.setattr(progress.time, "monotonic", lambda: float(next(clock)))
    return made


def test_items_come_back_unchanged_and_a_log_gets_rate_and_time_left(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = iter([0.0, 4.0, 12.0, 16.0, 16.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    assert list(progress.terminal("abc", total=3, what="embedding", unit="image")) == ["a", "b", "c"]
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "embedding: 2/3 (66 %), 6.0 s/image, 0:06 left",
        "embedding: 3 done in 0:16 (5.3 s/image)",
    ]


def test_an_error_of_the_items_ends_the_live_line(monkeypatch: pytest.MonkeyPatch) -> None:
    written = terminal(monkeypatch)

    def items():
        yield "a"
        raise EOFError

    with pytest.raises(EOFError):
        list(progress.terminal(items(), total=3, what="embedding", unit="image"))
    assert written.getvalue() == "\r\x1b[2Kembedding: 1/3 (33 %), 1.0 image/s, 0:02 left\n"


def test_an_error_of_the_work_is_written_on_a_line_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    written = terminal(monkeypatch)
    items = progress.terminal("abc", total=3, what="embedding", unit="image")
    next(items)
    next(items)
    assert not written.getvalue().endswith("\n")
    for _ in range(2):
        progress.end_line()
        assert written.getvalue().count("\n") == 1


def test_short_work_says_nothing_in_a_log(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(progress.terminal([], total=0, what="packing", unit="image")) == []
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(("seconds", "text"), [(0.4, "0:00"), (59.6, "1:00"), (3661, "1:01:01")])
def test_clock(seconds: float, text: str) -> None:
    assert progress._clock(seconds) == text


def test_chunks_hold_every_item_once_and_count_each() -> None:
    seen = []

    def counted():
        for item in range(5):
            yield item
            seen.append(item)

    assert list(progress.chunks(counted(), 2)) == [[0, 1], [2, 3], [4]]
    assert seen == [0, 1, 2, 3, 4]
    assert list(progress.chunks([], 2)) == []
