from __future__ import annotations

import numpy as np
import pytest

from maskreid.errors import MaskreidError
from maskreid.retrieval import Calibration
from maskreid.retrieval.calibration import logistic


def test_logistic_at_both_ends() -> None:
    with np.errstate(over="raise"):
        np.testing.assert_allclose(logistic(np.array([-1000.0, 0, 1000])), [0, 0.5, 1])


def test_the_card_keeps_it() -> None:
    calibration = Calibration(12.5, -0.8, -2.0, {"0.1": 0.25}, 40, 1280, 0.01, "made up")
    assert Calibration.of({"calibration": calibration.as_card()}) == calibration
    assert Calibration.of({}) is None
    with pytest.raises(MaskreidError, match=r"expected slope, size_slope, .*calibrate again"):
        Calibration.of({"calibration": {"temperature": 1}})
    for key, wrong in (("slope", "steep"), ("thresholds", 0.5), ("thresholds", {"0.1": None})):
        with pytest.raises(MaskreidError, match="calibrate again"):
            Calibration.of({"calibration": {**calibration.as_card(), key: wrong}})
