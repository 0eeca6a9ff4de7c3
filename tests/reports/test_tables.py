"""Tables as people read them, from cases counted by hand."""

from __future__ import annotations

import numpy as np

from maskreid.reports import camera_table, comparison_table, metrics_table, worst_table
from maskreid.reports.tables import metrics_rows
from maskreid.retrieval import CameraPairs, Difference, Features, Interval, WorstQuery, evaluate


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
        ["single query", "100.00", "100.00", "100.00", "100.00", "83.33", "79.17", "66.67"],
        ["95 % interval", *["100.0-100.0"] * 4, "83.3-83.3", "79.2-79.2", "66.7-66.7"],
    ], "one query leaves nothing to draw"


def test_the_table_is_aligned_markdown() -> None:
    metrics = evaluate(*hand_made())
    lines = metrics_table({"single query": metrics, "single query, re-ranked": metrics}).splitlines()
    assert len(lines) == 6
    assert len({len(line) for line in lines}) == 1
    assert lines[0].split("|")[1].strip() == "percent"
    assert set(lines[1]) <= set("|-:")


def test_cameras_down_and_across() -> None:
    nan = float("nan")
    pairs = CameraPairs(
        query_cameras=np.array([-1, 1]),
        gallery_cameras=np.array([1, 12]),
        queries=np.array([[3, 2], [0, 4]]),
        rank1=np.array([[1 / 3, 0.5], [nan, 1]]),
        map=np.array([[0.25, 0.125], [nan, 1]]),
    )
    assert camera_table(pairs).splitlines() == [
        "| Rank-1 / mAP  | to camera 1 |  to camera 12 |",
        "|---------------|------------:|--------------:|",
        "| from camera ? | 33.3 / 25.0 |   50.0 / 12.5 |",
        "| from camera 1 |           - | 100.0 / 100.0 |",
    ]


def test_a_worst_query_is_known_by_its_path_or_its_row() -> None:
    lines = worst_table(
        [WorstQuery(7, "query/a.jpg", 3, 2, 41, 0.0123), WorstQuery(8, "", 3, -1, 4.5, 0.5)]
    ).splitlines()
    assert [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines[2:]] == [
        ["query/a.jpg", "3", "2", "41", "1.23"],
        ["row 8", "3", "?", "4.5", "50.00"],
    ]


def test_two_models_side_by_side() -> None:
    told = comparison_table({"map": Difference(0.5, 0.48, Interval(-0.031, -0.0101), 0.0021)})
    row = [cell.strip() for cell in told.splitlines()[2].split("|")[1:-1]]
    assert row == ["mAP", "50.00", "48.00", "-2.00", "-3.10 to -1.01", "0.0021"]
