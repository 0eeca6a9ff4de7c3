from __future__ import annotations

import numpy as np

from maskreid.compiled import compiled
from maskreid.retrieval.nearest_kernels import product


def test_compiles_where_nothing_can_be_kept() -> None:
    """A function without a source file has nowhere to be kept, like one in a folder that cannot be written to."""
    names: dict = {}
    exec("def add(one, other):\n    return one + other", names)
    assert compiled(names["add"])(1, 2) == 3


def test_sums_in_any_order_are_sums() -> None:
    rows = np.random.default_rng(0).normal(size=(2, 1001)).astype(np.float32)
    assert abs(product(*rows) - rows[0].astype(float) @ rows[1]) < 1e-3
