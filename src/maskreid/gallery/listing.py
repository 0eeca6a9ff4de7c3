"""A gallery page by page, in an order; and entries that are nearly the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from maskreid.errors import MaskreidError
from maskreid.gallery.filters import Filter
from maskreid.gallery.gallery import Entry, Gallery
from maskreid.gallery.nearest import matrix_of

FEW, MUCH = 0.08, 0.75  # a mask that covers less or more of a crop has probably missed the person
ALIKE = 0.985  # likeness of near duplicates: the same person, the same moment
MOST = 50_000  # entries that are compared with each other
BLOCK = 1024

Order = Literal["added", "time", "camera", "coverage"]


@dataclass(frozen=True)
class Listing:
    """A page of entries, and how many there are on all pages."""

    entries: list[Entry]
    total: int


def browse(
    gallery: Gallery,
    where: Filter | None = None,
    *,
    order: Order = "added",
    poor: bool = False,
    offset: int = 0,
    limit: int = 60,
) -> Listing:
    """Return a page of the entries that ``where`` means.

    Args:
        gallery: whose entries.
        where: which; all by default.
        order: "added": the newest first; "time": the earliest first, no time last; "camera", then time; "coverage":
            the smallest mask first.
        poor: only those whose mask covers less than `FEW` or more than `MUCH` of the image.
        offset: entries to pass over.
        limit: entries at most.
    """
    columns: dict[str, list[np.ndarray]] = {name: [] for name in ("id", "camera", "time", "coverage", "added")}
    for batch in gallery.rows(list(columns), where):
        for name, parts in columns.items():
            column = batch[name]
            parts.append(np.array(column.to_pylist()) if name == "id" else column.to_numpy(zero_copy_only=False))
    if not columns["id"]:
        return Listing([], 0)
    values = {name: np.concatenate(parts) for name, parts in columns.items()}
    rows = np.arange(len(values["id"]))
    if poor:
        rows = rows[(values["coverage"] < FEW) | (values["coverage"] > MUCH)]
    keys = {
        "added": (-values["added"].astype("datetime64[us]").astype(np.int64),),
        "time": (values["time"].astype(np.float64),),
        "camera": (values["time"].astype(np.float64), values["camera"]),
        "coverage": (values["coverage"],),
    }[order]
    rows = rows[np.lexsort([values["id"][rows], *(key[rows] for key in keys)])]
    ids = values["id"][rows[offset : offset + limit]].tolist()
    found = {entry.id: entry for entry in gallery.entries(Filter(ids=tuple(ids)))} if ids else {}
    return Listing([found[id_] for id_ in ids if id_ in found], len(rows))


def duplicates(
    gallery: Gallery, where: Filter | None = None, *, least: float = ALIKE, most: int = 100
) -> list[tuple[float, Entry, Entry]]:
    """Return pairs of entries that are nearly the same, the most alike first.

    Raises:
        MaskreidError: ``where`` means more than `MOST` entries.
    """
    batches = list(gallery.rows(["id", "feature"], where))
    ids = [id_ for batch in batches for id_ in batch["id"].to_pylist()]
    if len(ids) > MOST:
        raise MaskreidError(f"{len(ids):,} entries are too many to compare each with each; choose a camera or a time")
    if len(ids) < 2:
        return []
    vectors = np.concatenate([matrix_of(batch["feature"]) for batch in batches])
    pairs: list[tuple[float, int, int]] = []
    for start in range(0, len(ids), BLOCK):
        scores = vectors[start : start + BLOCK] @ vectors[start:].T
        above = np.triu(scores >= least, 1)
        pairs += [(float(scores[a, b]), start + int(a), start + int(b)) for a, b in np.argwhere(above)]
        pairs = sorted(pairs, reverse=True)[:most]
    wanted = {ids[row] for _, *rows in pairs for row in rows}
    found = {entry.id: entry for entry in gallery.entries(Filter(ids=tuple(wanted)))} if wanted else {}
    return [(score, found[ids[a]], found[ids[b]]) for score, a, b in pairs if ids[a] in found and ids[b] in found]
