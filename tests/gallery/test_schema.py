"""What a row says of itself."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from maskreid.gallery.schema import FIRST_DATE, content_id, date_text, quoted, row_checksum

FACTS = {"id": "0" * 32, "camera": 1, "time": 2.0, "source": "s", "path": "a.jpg", "model": "m"}


@pytest.mark.parametrize(
    "change",
    [{"id": "1" * 32}, {"camera": 2}, {"time": None}, {"source": "t"}, {"path": "b.jpg"}, {"model": "n"}],
    ids=lambda change: next(iter(change)),
)
def test_whatever_must_not_change_is_in_the_checksum(change: dict[str, object]) -> None:
    before = row_checksum(b"feature", b"picture", FACTS)
    assert row_checksum(b"feature", b"picture", {**FACTS, **change}) != before


def test_a_checksum_is_of_the_feature_and_the_picture_and_not_of_what_people_say() -> None:
    before = row_checksum(b"feature", b"picture", FACTS)
    assert row_checksum(b"another", b"picture", FACTS) != before
    assert row_checksum(b"feature", b"another", FACTS) != before
    assert row_checksum(b"feature", None, FACTS) != before
    assert row_checksum(b"feature", b"picture", {**FACTS, "identity": "ann", "tags": ["tall"]}) == before
    assert len(before) == 16


def test_the_same_bytes_are_the_same_entry() -> None:
    assert content_id(b"image") == hashlib.sha256(b"image").hexdigest()[:32]


@pytest.fixture
def tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A clock on the wall that shows another time than UTC."""
    with monkeypatch.context() as patched:
        patched.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.parametrize(
    ("seen", "text"),
    [
        (12345.0, None),  # a frame
        (FIRST_DATE - 1, None),
        (FIRST_DATE, "1973-03-03 09:46:40"),
        (datetime(2026, 11, 23, 8, 20, tzinfo=UTC).timestamp(), "2026-11-23 08:20:00"),
        (1.8e12, None),  # milliseconds
        (1e300, None),
    ],
)
def test_a_date_is_told_in_utc_and_a_frame_is_none(tokyo: None, seen: float, text: str | None) -> None:
    assert date_text(seen) == text


def test_quotes_in_a_text_do_not_end_it() -> None:
    assert quoted(["ann", "o'neil"]) == "'ann', 'o''neil'"
