"""The numbers that the paper prints, from the one file that holds them: ``published.json``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from maskreid.retrieval.named_protocols import MULTIPLE_QUERY


@dataclass(frozen=True)
class Column:
    """What a column of a table holds.

    Attributes:
        label: its heading.
        data: `maskreid.images.Dataset.name` of the dataset that is searched.
        evaluation: heading of the protocol, as `maskreid.training.Evaluation.metrics` has it.
        score: key of a score in metrics.json.
    """

    label: str
    data: str
    evaluation: str
    score: str


@dataclass(frozen=True)
class PublishedRow:
    """One method of a table: percent for every column, None where the paper has none."""

    key: str
    label: str
    values: tuple[float | None, ...]


@dataclass(frozen=True)
class PublishedTable:
    """One table of the paper; ``name`` is what ``maskreid reproduce`` takes."""

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[PublishedRow, ...]
    source: str
    note: str

    @property
    def multi_query(self) -> bool:
        """Whether a column is of pooled queries."""
        return any(column.evaluation == MULTIPLE_QUERY.heading for column in self.columns)


@cache
def published_tables() -> Mapping[str, PublishedTable]:
    """Return the paper's tables by name, "table1" to "table6"."""
    content = json.loads(files("maskreid.experiments").joinpath("published.json").read_text(encoding="utf-8"))
    return {
        name: PublishedTable(
            name=name,
            title=table["title"],
            columns=tuple(Column(**column) for column in table["columns"]),
            rows=tuple(PublishedRow(row["key"], row["label"], tuple(row["values"])) for row in table["rows"]),
            source=content["source"],
            note=" ".join([content["note"], *_notes_on_map(content, table), *filter(None, [table.get("note")])]),
        )
        for name, table in content["tables"].items()
    }


def _notes_on_map(content: Mapping[str, Any], table: Mapping[str, Any]) -> list[str]:
    return [content["note_on_map"]] if any("map" in column["score"] for column in table["columns"]) else []
