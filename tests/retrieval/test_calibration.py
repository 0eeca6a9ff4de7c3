from __future__ import annotations

import math
from dataclasses import replace

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
    assert Calibration.of({}) is Calibration.of({"calibration": {}}) is None
    with pytest.raises(MaskreidError, match=r"expected slope, size_slope, .*calibrate again"):
        Calibration.of({"calibration": {"temperature": 1}})
    for key in ("slope", "size_slope", "offset", "ece"):
        with pytest.raises(MaskreidError, match="calibrate again"):
            Calibration.of({"calibration": {**calibration.as_card(), key: "steep"}})
    for key, value in (("slope", 0), ("slope", -3), ("slope", math.nan), ("offset", math.inf), ("people", "many")):
        with pytest.raises(MaskreidError, match="calibrate again"):
            Calibration.of({"calibration": {**calibration.as_card(), key: value}})
    for wrong in (0.5, {"0.1": None}):
        with pytest.raises(MaskreidError, match="calibrate again"):
            Calibration.of({"calibration": {**calibration.as_card(), "thresholds": wrong}})


def test_the_probability_by_hand() -> None:
    calibration = Calibration(10.0, -1.0, -2.0, {}, 40, 1280, 0.01, "made up")
    found = calibration.probability([0.5, 0.5, 0.2], [1, 20, 20])  # log-odds 3, 3 - ln 20 and 0 - ln 20
    assert found == pytest.approx([1 / (1 + math.exp(-3)), 1 / (1 + 20 * math.exp(-3)), 1 / 21])
    assert calibration.probability(0.5, 0) == pytest.approx(found[0]), "an empty gallery is one of a single entry"


def test_only_a_threshold_that_was_measured_is_told() -> None:
    calibration = Calibration(10.0, -1.0, -2.0, {"0.1": 0.0, "0.001": 0.4}, 40, 1280, 0.01, "made up")
    assert (calibration.threshold(0.1), calibration.threshold(1e-3)) == (0.0, 0.4)
    with pytest.raises(MaskreidError, match=r"no threshold for 0\.01 false matches; expected 0\.1 or 0\.001"):
        calibration.threshold(0.01)
    with pytest.raises(MaskreidError, match="saw too few people"):
        replace(calibration, thresholds={}).threshold(0.1)
