"""The table of the field, from a case counted by hand."""

from __future__ import annotations

import numpy as np

from maskreid.reports import metrics_table
from maskreid.reports.tables import metrics_rows
from maskreid.retrieval import Features, evaluate


def hand_made() -> tuple[Features, Features]:
    """One query; right answers come first and third: AP = (1 + 2/3) / 2, trapezoid (1 + (1/2 + 2/3) / 2) / 2."""
    angles = np.array([0.1, 0.2, 0.3])
    gallery = np.stack([np.cos(angles), np.sin(angles)], 1).astype(np.float32)
    return (
        Features(np.array([[1, 0]], np.float32), np.array([1]), np.array([1])),
        Features(gallery, np.array([1, 2, 1]), np.array([2, 2, 3])),
    )


def test_a_row_holds_percentages_with_two_decimals() -> None:
    assert metrics_rows({"single query": evaluate(*hand_made())}) == [
        ["single query", "100.00", "100.00", "100.00", "100.00", "83.33", "79.17", "66.67"]
    ]


def test_the_table_is_aligned_markdown() -> None:
    metrics = evaluate(*hand_made())
    lines = metrics_table({"single query": metrics, "single query, re-ranked": metrics}).splitlines()
    assert len(lines) == 4
    assert len({len(line) for line in lines}) == 1
    assert lines[0].split("|")[1].strip() == "percent"
    assert set(lines[1]) <= set("|-:")
