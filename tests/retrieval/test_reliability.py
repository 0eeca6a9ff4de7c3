from __future__ import annotations

import numpy as np
import pytest

from maskreid.retrieval.reliability import reliability


def test_reliability_by_hand() -> None:
    claimed = np.array([0.05, 0.05, 0.72, 0.78, 1.0])
    right = np.array([False, True, True, False, True])
    found = reliability(claimed, right)
    assert np.flatnonzero(found.weight).tolist() == [0, 7, 9]
    np.testing.assert_allclose(found.claimed[[0, 7, 9]], [0.05, 0.75, 1.0])
    np.testing.assert_allclose(found.true[[0, 7, 9]], [0.5, 0.5, 1.0])
    np.testing.assert_allclose(found.weight[[0, 7, 9]], [0.4, 0.4, 0.2])
    assert found.ece == pytest.approx(0.4 * 0.45 + 0.4 * 0.25)
    weighted = reliability(claimed, right, np.array([1.0, 0, 0, 0, 1]))
    assert weighted.ece == pytest.approx(0.5 * 0.05)
