"""Known or not: by probability, or by a similarity that somebody chose."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from maskreid.gallery import Entry, verdict
from maskreid.gallery.search import Hit

ENTRY = Entry("0" * 32, 1, None, "ann", None, (), "source", "a.jpg", 0.5, datetime.now(UTC))


@pytest.mark.parametrize(
    ("similarity", "probability", "threshold", "said"),
    [
        (0.9, 0.5, None, "known"),
        (0.9, 0.49, None, "unknown"),
        (0.9, None, None, "uncalibrated"),
        (0.9, 0.01, 0.9, "known"),  # a threshold decides alone
        (0.8, None, 0.9, "unknown"),
        (0.9, 0.0, None, "unknown"),
        (-0.1, None, 0.0, "unknown"),
    ],
)
def test_what_is_said(similarity: float, probability: float | None, threshold: float | None, said: str) -> None:
    assert verdict(Hit(ENTRY, similarity, probability), threshold=threshold) == said


def test_nobody_is_unknown_and_the_limit_can_be_moved() -> None:
    assert verdict(None) == "unknown"
    assert verdict(Hit(ENTRY, 0.9, 0.8), unknown_below=0.9) == "unknown"
