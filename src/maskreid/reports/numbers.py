"""metrics.json: every number of a test, for programs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from maskreid import __version__
from maskreid.errors import MaskreidError
from maskreid.files import write_out
from maskreid.reports.details import Details
from maskreid.retrieval import Judgement, Metrics, bootstrap

SCHEMA_VERSION = 1
ABOUT = ("data", "model", "facts", "masks", "calibration")  # what was measured on, in metrics.json
NOTHING_MORE = Details()


def numbers_of(metrics: Metrics) -> dict[str, Any]:
    """The scores of one evaluation as percentages, and the ends of their 95 % bootstrap intervals."""
    intervals = {name: [round(100 * end, 2) for end in interval] for name, interval in bootstrap(metrics).items()}
    return {**metrics.as_dict(), "interval95": intervals}


def read_numbers(folder: str | Path) -> dict[str, Any]:
    """Return what `write_numbers` wrote to ``metrics.json`` in a folder; nothing where there is none.

    Raises:
        MaskreidError: it is damaged.
    """
    path = Path(folder) / "metrics.json"
    found = read_json(path) if path.is_file() else {}
    if not isinstance(found.get("evaluations", {}), dict):
        raise MaskreidError(f"{path}: evaluations: expected an object by name; write it again with maskreid evaluate")
    return found


def is_run(folder: str | Path) -> bool:
    """Whether a folder is a training run's: it has the log (`maskreid.training.history`, which would bring torch)."""
    return (Path(folder) / "log.jsonl").is_file()


def read_json(path: Path) -> dict[str, Any]:
    """Return the object in a JSON file.

    Raises:
        MaskreidError: there is none.
    """
    try:
        found = json.loads(path.read_bytes())
    except ValueError as error:
        raise MaskreidError(f"{path}: not JSON ({error}); write it again with the command that made it") from None
    if not isinstance(found, dict):
        raise MaskreidError(f"{path}: expected an object, got {type(found).__name__}")
    return found


def write_numbers(
    path: str | Path,
    judgement: Judgement,
    *,
    about: Mapping[str, Any],
    details: Details = NOTHING_MORE,
) -> None:
    """Write the protocol's own numbers by name at the top, then every evaluation under its own name.

    Args:
        path: of the JSON file; written beside it and renamed.
        judgement: what was measured.
        about: what it was measured on, such as ``data`` and ``model``.
        details: what else was asked for.

    Raises:
        MaskreidError: it cannot be written.
    """
    evaluations = {name: numbers_of(metrics) for name, metrics in judgement.metrics.items()}
    numbers = {
        "schema_version": SCHEMA_VERSION,
        **about,
        "code_version": __version__,
        **next(iter(evaluations.values())),
        "evaluations": evaluations,
    }
    if judgement.reranking is not None:
        numbers["reranking"] = judgement.reranking.as_dict()
    if details.pairs is not None:
        numbers["camera_pairs"] = details.pairs.as_list()
    if details.worst:
        numbers["worst_queries"] = [each.as_dict() for each in details.worst]
    if details.open_set is not None:
        numbers["open_set"] = details.open_set.as_dict()
    if details.reliability is not None:
        numbers["calibration_error"] = round(details.reliability.ece, 4)
    write_out(Path(path), json.dumps(numbers, indent=2) + "\n")
