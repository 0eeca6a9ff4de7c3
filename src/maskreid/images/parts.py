"""Pictures in parts that memory has room for, however large they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

import numpy as np
import numpy.typing as npt

T = TypeVar("T")

MOST = 256  # images in a part ...
BYTES = 256 << 20  # ... whose pixels have no more bytes than these, unless one image has more


def in_parts(items: Iterable[T], picture: Callable[[T], npt.NDArray[np.uint8]]) -> Iterator[list[T]]:
    """Yield the items, which are made as they are asked for, in parts to be masked and embedded together.

    Args:
        items: each with a picture.
        picture: that of an item.
    """
    part: list[T] = []
    taken = 0
    for item in items:
        size = picture(item).nbytes
        if part and (len(part) == MOST or taken + size > BYTES):
            yield part
            part, taken = [], 0
        part.append(item)
        taken += size
    if part:
        yield part
