from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from made_up import put, unit

from maskreid.errors import MaskreidError
from maskreid.gallery import Filter, Gallery, recall


def test_an_entry_itself_does_not_count(empty: Gallery) -> None:
    """Of each entry's two others a fast search finds the entry itself and one: half of what is to be found."""
    ids = put(empty, unit(3))
    asked: list[tuple[int, Filter | None, int | None]] = []

    def find(
        gallery: Gallery, vectors: np.ndarray, top: int, where: Filter | None = None, *, probes: int | None = None
    ) -> list[list[dict[str, Any]]]:
        asked.append((top, where, probes))
        own = [ids[int((unit(3) @ vector).argmax())] for vector in vectors]
        others = [[other for other in ids if other != id_] for id_ in own]
        seen = others if probes is None else [each[:1] for each in others]
        return [[{"id": found} for found in [id_, *each]] for id_, each in zip(own, seen, strict=True)]

    somewhere = Filter(cameras=(1,))
    assert recall(empty, 7, top=5, where=somewhere, find=find) == 0.5
    assert asked == [(6, somewhere, None), (6, somewhere, 7)], "one more than is wanted, for the entry itself"


def test_only_entries_that_match_are_asked_for(empty: Gallery) -> None:
    put(empty, unit(20), cameras=[1, *[2] * 19])
    assert recall(empty, 1000, where=Filter(cameras=(2,))) == 1
    with pytest.raises(MaskreidError, match="1 entries are too few"):
        recall(empty, 1000, where=Filter(cameras=(1,)))
