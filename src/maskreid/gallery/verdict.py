"""Is the person there at all? What may be said of the best answer."""

from __future__ import annotations

from typing import Literal

from maskreid.gallery.search import Hit

UNKNOWN_BELOW = 0.5  # probability
IN_PLACE_OF_A_NAME = {"unknown": "unknown", "uncalibrated": "not calibrated"}  # so nobody may be called that


def verdict(
    best: Hit | None, *, unknown_below: float = UNKNOWN_BELOW, threshold: float | None = None
) -> Literal["known", "unknown", "uncalibrated"]:
    """Say whether the most similar answer is the person who was looked for.

    Args:
        best: the most similar answer; without any, the person is unknown.
        unknown_below: probability below which the person is unknown.
        threshold: decides instead, where it is given: the similarity below which the person is unknown
            (`maskreid.retrieval.Calibration.threshold`).
    """
    if best is None:
        return "unknown"
    if threshold is not None:
        return "known" if best.similarity >= threshold else "unknown"
    if best.probability is None:
        return "uncalibrated"
    return "known" if best.probability >= unknown_below else "unknown"
