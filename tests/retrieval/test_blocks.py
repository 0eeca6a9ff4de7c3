from __future__ import annotations

import numpy as np
import pytest

from maskreid.retrieval import blocks
from maskreid.retrieval.blocks import in_blocks


@pytest.mark.parametrize("fewest", [1, 4, 100])
@pytest.mark.parametrize("rows", [1, 4, 10])
def test_every_row_is_filled_and_then_used_once(monkeypatch, rows: int, fewest: int) -> None:
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 1)
    monkeypatch.setattr(blocks, "FEWEST_ROWS", fewest)
    matrix = np.random.default_rng(0).normal(size=(rows, 3))
    used = np.zeros((rows, 3))
    shapes = []

    def fill(start: int, stop: int, block: np.ndarray) -> None:
        shapes.append(block.shape)
        block[:] = matrix[start:stop]

    def use(start: int, stop: int, block: np.ndarray) -> None:
        used[start:stop] += block

    in_blocks(rows, 3, np.dtype(np.float64), fill, use)
    assert np.array_equal(used, matrix)
    assert max(shapes)[0] <= fewest
