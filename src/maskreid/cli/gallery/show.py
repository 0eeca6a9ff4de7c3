"""How entries are printed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from maskreid.files import one_line

if TYPE_CHECKING:
    from maskreid.gallery import Entry

SHORT = 10  # digits of an id that are printed
NOTHING = "-"


def as_row(entry: Entry) -> dict[str, str]:
    """Return what is printed of an entry, by heading."""
    return {
        "id": entry.id[:SHORT],
        "camera": str(entry.camera) if entry.camera >= 0 else NOTHING,
        "time": time_text(entry.time),
        "identity": one_line(entry.identity or NOTHING),
        "cluster": one_line(entry.cluster or NOTHING),
        "tags": one_line(" ".join(entry.tags)) or NOTHING,
        "image": one_line(f"{entry.source}: {entry.path}"),
    }


def as_values(entry: Entry) -> dict[str, Any]:
    """Return an entry for JSON."""
    return {**asdict(entry), "added": entry.added.isoformat(timespec="seconds")}


def time_text(time: float | None) -> str:
    """Return a time as a date if it is one, else as the number it is."""
    from maskreid.gallery.schema import date_text

    if time is None:
        return NOTHING
    return date_text(time) or f"{time:.15g}"


def table(rows: Sequence[dict[str, str]]) -> str:
    """Return rows of the same headings in columns; the last is not padded."""
    columns = {name: [name, *(row[name] for row in rows)] for name in rows[0]}
    widths = [max(map(len, column)) for column in columns.values()]
    lines = zip(*columns.values(), strict=True)
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )
