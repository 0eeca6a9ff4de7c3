from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from maskreid.images import parts
from maskreid.images.parts import in_parts


def pictures(*heights: int) -> Iterator[tuple[int, np.ndarray]]:
    """Items with a picture of so many bytes each."""
    for height in heights:
        yield height, np.zeros((height, 1), np.uint8)


@pytest.mark.parametrize(
    ("heights", "expected"),
    [
        ((), []),
        ((4, 4), [[4, 4]]),
        ((4, 4, 4), [[4, 4], [4]]),  # twelve would be more than ten bytes
        ((10, 1), [[10], [1]]),
        ((99, 2, 99), [[99], [2], [99]]),  # larger than a part: alone
        ((1, 1, 1, 1, 1, 1, 1), [[1, 1, 1], [1, 1, 1], [1]]),
    ],
)
def test_a_part_has_few_images_and_few_bytes(
    monkeypatch: pytest.MonkeyPatch, heights: tuple[int, ...], expected: list[list[int]]
) -> None:
    monkeypatch.setattr(parts, "MOST", 3)
    monkeypatch.setattr(parts, "BYTES", 10)
    found = in_parts(pictures(*heights), lambda item: item[1])
    assert [[height for height, _ in part] for part in found] == expected


def test_no_more_is_read_than_one_picture_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "BYTES", 10)
    read = pictures(6, 6, 6)
    assert len(next(in_parts(read, lambda item: item[1]))) == 1
    assert [height for height, _ in read] == [6]
