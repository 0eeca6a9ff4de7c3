from __future__ import annotations

import numpy as np
import pytest

from maskreid.retrieval import Similarities
from maskreid.retrieval.thresholds import thresholds

PAIRS = Similarities(np.linspace(-1, 1, 201), np.zeros(200, np.int64), np.zeros(200, np.int64))


def test_thresholds_hold_their_rate() -> None:
    different = np.zeros(200, np.int64)
    different[100:110] = 1000  # similarities from 0 to 0.1
    different[150] = 90  # and a few at 0.5
    found = thresholds(Similarities(PAIRS.edges, PAIRS.same, different))
    assert set(found) == {"0.1", "0.01"}  # 0.001 of 10,090 pairs is fewer than 30
    assert found["0.1"] == pytest.approx(0.10)
    assert found["0.01"] == pytest.approx(0.10)
    assert thresholds(PAIRS) == {}
    different[:] = 0
    different[[100, 199]] = 9000, 1000  # more than one in a hundred lie beyond the last edge
    assert thresholds(Similarities(PAIRS.edges, PAIRS.same, different)) == {"0.1": pytest.approx(0.01)}
