"""The table of the field, several evaluations under each other."""

from __future__ import annotations

from collections.abc import Mapping

from maskreid.retrieval import Metrics

COLUMNS = {
    "rank1": "Rank-1",
    "rank5": "Rank-5",
    "rank10": "Rank-10",
    "rank20": "Rank-20",
    "map": "mAP",
    "map_trapezoid": "mAP (trapezoid)",
    "minp": "mINP",
}


def metrics_rows(metrics: Mapping[str, Metrics]) -> list[list[str]]:
    """One row for each evaluation: its name, then percentages with two decimals in the order of `COLUMNS`."""
    numbers = {name: each.as_dict() for name, each in metrics.items()}
    return [[name, *(f"{row[column]:.2f}" for column in COLUMNS)] for name, row in numbers.items()]


def metrics_table(metrics: Mapping[str, Metrics]) -> str:
    """The rows as a Markdown table with aligned columns."""
    rows = [["percent", *COLUMNS.values()], *metrics_rows(metrics)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "| " + " | ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) + " |" for row in rows
    ]
    rule = "|" + "|".join(["-" * (widths[0] + 2), *("-" * (width + 1) + ":" for width in widths[1:])]) + "|"
    return "\n".join([lines[0], rule, *lines[1:]])
