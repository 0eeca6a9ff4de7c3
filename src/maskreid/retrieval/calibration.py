"""From a similarity to a probability: is the best answer of a search the right person?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from maskreid.errors import MaskreidError

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Calibration:
    """A logistic map from the best answer's similarity and the gallery's size to P(same person).

    log-odds = slope x similarity + size_slope x ln(entries) + offset, for a person who is enrolled as likely as not.

    Attributes:
        slope: more than 0.
        size_slope: less than 0: the more entries, the more like the query the best wrong one is; 0 if all galleries
            that it was fitted to had one size.
        offset: of the log-odds.
        thresholds: similarity that a share of the pairs of different people reaches, by that share as text.
        people: how many were asked for.
        entries: of the largest gallery.
        ece: expected calibration error, on people that were not fitted to.
        data: what it was fitted to.
    """

    slope: float
    size_slope: float
    offset: float
    thresholds: Mapping[str, float]
    people: int
    entries: int
    ece: float
    data: str

    def probability(self, similarity: ArrayLike, entries: ArrayLike) -> FloatArray:
        """Return P(same person), float64, of best answers found among so many entries."""
        odds = self.slope * np.asarray(similarity, np.float64) + self.offset
        return logistic(odds + self.size_slope * np.log(np.maximum(np.asarray(entries, np.float64), 1)))

    def threshold(self, false_match_rate: float) -> float:
        """Return the similarity that this share of the pairs of different people reaches.

        Raises:
            MaskreidError: it was not measured.
        """
        found = self.thresholds.get(f"{false_match_rate:g}")
        if found is None:
            raise MaskreidError(
                f"the model's calibration has no threshold for {false_match_rate:g} false matches; expected "
                f"{' or '.join(self.thresholds) or 'none, as it saw too few people'}"
            )
        return found

    @classmethod
    def of(cls, card: Mapping[str, Any]) -> Calibration | None:
        """Return the calibration in a model card, if it has one.

        Raises:
            MaskreidError: it has other keys, values that are no numbers, or a slope that is not above 0.
        """
        found = card.get("calibration")
        if not found:
            return None
        try:
            numbers = {name: float(found[name]) for name in ("slope", "size_slope", "offset", "ece")}
            thresholds = {share: float(similarity) for share, similarity in found["thresholds"].items()}
            counts = {name: int(found[name]) for name in ("people", "entries")}
            if not (numbers["slope"] > 0 and np.isfinite([*numbers.values(), *thresholds.values()]).all()):
                raise ValueError
            return cls(**{**found, **numbers, **counts, "thresholds": thresholds})
        except (KeyError, TypeError, ValueError, AttributeError):
            expected = ", ".join(each.name for each in fields(cls))
            raise MaskreidError(
                f"calibration: expected {expected}; it was written by another version of maskreid: calibrate again"
            ) from None

    def as_card(self) -> dict[str, Any]:
        """Return what a model card keeps."""
        return asdict(self)


def logistic(odds: FloatArray) -> FloatArray:
    """Return 1 / (1 + exp(-odds)), without overflow."""
    return np.exp(-np.logaddexp(0, -odds))
