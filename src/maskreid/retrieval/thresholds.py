"""The similarity that few pairs of different people reach."""

from __future__ import annotations

import numpy as np

from maskreid.retrieval.similarities import Similarities

FALSE_MATCH_RATES = (0.1, 0.01, 0.001, 0.0001)
FEWEST = 30  # false matches below which a rate is not known (Doddington's rule of 30)


def thresholds(pairs: Similarities) -> dict[str, float]:
    """Return the similarity that each of `FALSE_MATCH_RATES` of the pairs of different people reaches.

    Rates of fewer than `FEWEST` pairs are left out, and those that only pairs beyond the last edge would keep. A
    threshold is the edge of a bin, and the rate never higher.
    """
    total = int(pairs.different.sum())
    reached = np.cumsum(pairs.different[::-1])[::-1] / max(total, 1)  # at each bin's lower edge
    return {
        f"{rate:g}": round(float(pairs.edges[int(np.argmax(reached <= rate))]), 4)
        for rate in FALSE_MATCH_RATES
        if rate * total >= FEWEST and reached[-1] <= rate
    }
