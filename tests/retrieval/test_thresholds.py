from __future__ import annotations

import numpy as np
import pytest

from maskreid.retrieval import Similarities
from maskreid.retrieval.thresholds import thresholds

PAIRS = Similarities(np.linspace(-1, 1, 201), np.zeros(200, np.int64), np.zeros(200, np.int64))


@pytest.mark.filterwarnings("error")
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


def test_a_threshold_is_the_lowest_edge_that_so_few_reach() -> None:
    different = (20_000 * np.exp(-np.linspace(0, 12, 200))).astype(np.int64)  # 340,000 in all
    found = thresholds(Similarities(PAIRS.edges, PAIRS.same, different))
    assert list(found) == ["0.1", "0.01", "0.001", "0.0001"]
    for rate, threshold in found.items():
        held = [PAIRS.edges[b] for b in range(200) if sum(different[b:]) <= float(rate) * sum(different)]
        assert threshold == pytest.approx(held[0], abs=1e-4)


@pytest.mark.parametrize(("pairs", "known"), [(299, set()), (300, {"0.1"}), (3000, {"0.1", "0.01"})])
def test_a_rate_is_known_from_thirty_false_matches_on(pairs: int, known: set[str]) -> None:
    different = np.zeros(200, np.int64)
    different[100] = pairs
    assert set(thresholds(Similarities(PAIRS.edges, PAIRS.same, different))) == known
