"""Tables as people read them: the table of the field, camera pairs, worst queries, two models side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from maskreid.retrieval import CameraPairs, Difference, Metrics, OpenSet, Reliability, WorstQuery, bootstrap
from maskreid.retrieval.features import UNKNOWN_CAMERA
from maskreid.retrieval.open_set import STATED

COLUMNS = {
    "rank1": "Rank-1",
    "rank5": "Rank-5",
    "rank10": "Rank-10",
    "rank20": "Rank-20",
    "map": "mAP",
    "map_trapezoid": "mAP (trapezoid)",
    "minp": "mINP",
}
INTERVAL = "95 % interval"
OPEN_SET_COLUMNS = ["half of the people not enrolled", "TPIR, percent"]
COMPARISON_COLUMNS = ["percent", "A", "B", "B - A", INTERVAL, "p"]
WORST_COLUMNS = ["worst queries", "identity", "camera", "first right answer at", "AP"]


def metrics_rows(metrics: Mapping[str, Metrics]) -> list[list[str]]:
    """Two rows for each evaluation: percentages in the order of `COLUMNS`, then their bootstrap intervals."""
    rows = []
    for name, each in metrics.items():
        numbers, intervals = each.as_dict(), bootstrap(each)
        rows.append([name, *(f"{numbers[column]:.2f}" for column in COLUMNS)])
        ends = [intervals[column] for column in COLUMNS]
        rows.append([INTERVAL, *(f"{100 * low:.1f}-{100 * high:.1f}" for low, high in ends)])
    return rows


def metrics_table(metrics: Mapping[str, Metrics]) -> str:
    """The rows as a Markdown table with aligned columns."""
    return _markdown([["percent", *COLUMNS.values()], *metrics_rows(metrics)])


def camera_table(pairs: CameraPairs) -> str:
    """Query cameras down, gallery cameras across; Rank-1 and mAP, percentages with one decimal, in each cell."""
    head = ["Rank-1 / mAP", *(f"to camera {camera_name(camera)}" for camera in pairs.gallery_cameras)]
    rows = [
        [f"from camera {camera_name(camera)}", *(camera_cell(pairs, a, b) for b in range(len(pairs.gallery_cameras)))]
        for a, camera in enumerate(pairs.query_cameras)
    ]
    return _markdown([head, *rows])


def camera_name(camera: int) -> str:
    """A camera's number, or a question mark where it is unknown."""
    return "?" if camera == UNKNOWN_CAMERA else str(camera)


def camera_cell(pairs: CameraPairs, row: int, column: int) -> str:
    """Rank-1 and mAP of one pair, or a dash where no query has an answer there."""
    if not pairs.queries[row, column]:
        return "-"
    return f"{100 * pairs.rank1[row, column]:.1f} / {100 * pairs.map[row, column]:.1f}"


def worst_rows(worst: Sequence[WorstQuery]) -> list[list[str]]:
    """Query (its path, or its row), identity, camera, rank of the first right answer, AP as a percentage."""
    return [
        [
            each.path or f"row {each.row}",
            str(each.identity),
            camera_name(each.camera),
            f"{each.first_match:g}",
            f"{100 * each.ap:.2f}",
        ]
        for each in worst
    ]


def worst_table(worst: Sequence[WorstQuery]) -> str:
    """The rows as a Markdown table."""
    return _markdown([WORST_COLUMNS, *worst_rows(worst)])


def open_set_rows(measured: OpenSet) -> list[list[str]]:
    """TPIR without a threshold and at each stated FPIR: mean and standard deviation over the draws, percentages."""
    rows = [["every answer taken (Rank-1)", _spread(measured.rank1.mean(), measured.rank1.std())]]
    return rows + [[f"FPIR {100 * level:g} %", _spread(*measured.at(level))] for level in STATED]


def open_set_table(measured: OpenSet) -> str:
    """The rows as a Markdown table."""
    return _markdown([OPEN_SET_COLUMNS, *open_set_rows(measured)])


def reliability_table(measured: Reliability) -> str:
    """Claimed probability and right answers in each bin, percentages."""
    rows = [
        [f"{100 * claimed:.1f}", f"{100 * true:.1f}", f"{100 * weight:.1f}"]
        for claimed, true, weight in zip(measured.claimed, measured.true, measured.weight, strict=True)
        if weight
    ]
    return _markdown([["claimed, percent", "right", "of all answers"], *rows])


def _spread(mean: float, deviation: float) -> str:
    return f"{100 * mean:.1f} ± {100 * deviation:.1f}"


def comparison_rows(differences: Mapping[str, Difference]) -> list[list[str]]:
    """One row for each score: both models, the second less the first, its interval and p; percentages."""
    return [
        [
            COLUMNS[name],
            f"{100 * each.a:.2f}",
            f"{100 * each.b:.2f}",
            f"{100 * each.difference:+.2f}",
            f"{100 * each.interval.low:+.2f} to {100 * each.interval.high:+.2f}",
            f"{each.p:.4f}",
        ]
        for name, each in differences.items()
    ]


def comparison_table(differences: Mapping[str, Difference]) -> str:
    """The rows as a Markdown table."""
    return _markdown([COMPARISON_COLUMNS, *comparison_rows(differences)])


def _markdown(rows: list[list[str]]) -> str:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "| " + " | ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) + " |" for row in rows
    ]
    rule = "|" + "|".join(["-" * (widths[0] + 2), *("-" * (width + 1) + ":" for width in widths[1:])]) + "|"
    return "\n".join([lines[0], rule, *lines[1:]])
