"""How a run went: what ``log.jsonl`` says, as columns."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

LOG = "log.jsonl"
RATES = ("iterations_per_second", "learning_rate")


@dataclass(frozen=True, eq=False)
class History:
    """What was logged of one run.

    Attributes:
        iterations: (n,) int64, when losses were logged.
        losses: by name, "loss" first: (n,) float64, each of one batch; NaN where it was not logged.
        learning_rate: (n,) float64.
        validated: (v,) int64, when people held out of training were searched for.
        scores: "rank1" and "map" then: (v,) float64, fractions of 1.
    """

    iterations: NDArray[np.int64]
    losses: Mapping[str, NDArray[np.float64]]
    learning_rate: NDArray[np.float64]
    validated: NDArray[np.int64]
    scores: Mapping[str, NDArray[np.float64]]


def read_history(run: str | Path) -> History | None:
    """Read a run folder's log; None where there is none. A line that is cut off or damaged is passed over."""
    path = Path(run) / LOG
    if not path.is_file():
        return None
    entries = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict) and _is_entry(entry):
            entries.append(entry)
    logged = [entry for entry in entries if "validation" not in entry]
    checked = [entry for entry in entries if "validation" in entry]
    names = dict.fromkeys(name for entry in logged for name in entry if name not in ("iteration", *RATES))
    return History(
        np.array([entry["iteration"] for entry in logged], np.int64),
        {name: _column([entry.get(name) for entry in logged]) for name in names},
        _column([entry.get("learning_rate") for entry in logged]),
        np.array([entry["iteration"] for entry in checked], np.int64),
        {name: _column([entry["validation"].get(name) for entry in checked]) for name in ("rank1", "map")},
    )


def _is_entry(entry: dict[str, Any]) -> bool:
    numbers = entry.get("validation", entry)
    if not isinstance(numbers, dict) or not isinstance(entry.get("iteration"), int):
        return False
    return all(value is None or isinstance(value, int | float) for value in numbers.values())


def _column(values: list[float | None]) -> NDArray[np.float64]:
    return np.array([np.nan if value is None else value for value in values], np.float64)
