"""What was claimed beside what came true."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from maskreid.retrieval.calibration import FloatArray

BINS = 10


@dataclass(frozen=True, eq=False)
class Reliability:
    """What was claimed and what came true, in `BINS` bins of equal width.

    Attributes:
        claimed: (BINS,) float64 mean probability; NaN in an empty bin.
        true: (BINS,) float64 share of right answers.
        weight: (BINS,) float64 share of all answers.
    """

    claimed: FloatArray
    true: FloatArray
    weight: FloatArray

    @property
    def ece(self) -> float:
        """Expected calibration error: the mean of abs(claimed - true) over all answers (Guo et al., ICML 2017)."""
        return float(np.nansum(self.weight * np.abs(self.claimed - self.true)))


def reliability(claimed: FloatArray, right: NDArray[np.bool_], weight: FloatArray | None = None) -> Reliability:
    """Sort answers into bins by the probability that was claimed.

    Args:
        claimed: (A,) probabilities.
        right: (A,) bool.
        weight: (A,) of each answer; all the same by default.
    """
    weight = np.ones(len(claimed)) if weight is None else weight
    bins = (claimed * BINS).astype(int).clip(0, BINS - 1)
    total = np.bincount(bins, weight, minlength=BINS)
    with np.errstate(invalid="ignore"):
        return Reliability(
            np.bincount(bins, weight * claimed, minlength=BINS) / total,
            np.bincount(bins, weight * right, minlength=BINS) / total,
            total / weight.sum(),
        )
