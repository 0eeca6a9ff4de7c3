from __future__ import annotations

import numpy as np
import pytest
from made_up import unit

from maskreid.errors import MaskreidError
from maskreid.gallery import refined

NONE = np.empty((0, 16), np.float32)


def test_as_rocchio_has_it() -> None:
    query, right, wrong = unit(1), unit(3, seed=1), unit(2, seed=2)
    expected = query[0].astype(float)
    for row in right:
        expected = expected + 0.75 * row / 3
    for row in wrong:
        expected = expected - 0.15 * row / 2
    expected /= np.sqrt((expected**2).sum())
    found = refined(query, right, wrong)
    assert found.dtype == np.float32
    assert found == pytest.approx(expected[None], abs=1e-6)


def test_it_moves_towards_right_and_away_from_wrong() -> None:
    query, right, wrong = unit(1), unit(2, seed=1), unit(2, seed=2)
    assert (right @ refined(query, right, NONE).T).mean() > (right @ query.T).mean()
    assert (wrong @ refined(query, NONE, wrong).T).mean() < (wrong @ query.T).mean()
    assert refined(query, NONE, NONE) == pytest.approx(query, abs=1e-6)
    assert refined(None, right[:1], NONE) == pytest.approx(right[:1], abs=1e-6)


def test_nothing_to_go_by() -> None:
    with pytest.raises(MaskreidError, match="needs an image"):
        refined(None, NONE, unit(2))
    with pytest.raises(MaskreidError, match="cancel out"):
        refined(None, np.concatenate([unit(1), -unit(1)]), NONE)
