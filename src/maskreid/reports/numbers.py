"""metrics.json: every number of a test, for programs."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from maskreid import __version__
from maskreid.retrieval import CameraPairs, Judgement, Metrics, WorstQuery, bootstrap

SCHEMA_VERSION = 1


def numbers_of(metrics: Metrics) -> dict[str, Any]:
    """The scores of one evaluation as percentages, and the ends of their 95 % bootstrap intervals."""
    intervals = {name: [round(100 * end, 2) for end in interval] for name, interval in bootstrap(metrics).items()}
    return {**metrics.as_dict(), "interval95": intervals}


def write_numbers(
    path: str | Path,
    judgement: Judgement,
    *,
    about: Mapping[str, Any],
    pairs: CameraPairs | None = None,
    worst: Sequence[WorstQuery] = (),
) -> None:
    """Write the protocol's own numbers by name at the top, then every evaluation under its own name.

    Args:
        path: of the JSON file; written beside it and renamed.
        judgement: what was measured.
        about: what it was measured on, such as ``data`` and ``model``.
        pairs: of cameras, if they were asked for.
        worst: queries, if they were asked for.
    """
    evaluations = {name: numbers_of(metrics) for name, metrics in judgement.metrics.items()}
    numbers = {
        "schema_version": SCHEMA_VERSION,
        **about,
        "code_version": __version__,
        **next(iter(evaluations.values())),
        "evaluations": evaluations,
    }
    if pairs is not None:
        numbers["camera_pairs"] = pairs.as_list()
    if worst:
        numbers["worst_queries"] = [each.as_dict() for each in worst]
    write_text(Path(path), json.dumps(numbers, indent=2) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write a file completely or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".part")
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, path)
