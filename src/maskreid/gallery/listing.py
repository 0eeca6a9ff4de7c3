"""A gallery page by page, in an order; and entries that are nearly the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from maskreid.errors import MaskreidError
from maskreid.gallery.filters import Filter
from maskreid.gallery.gallery import Entry, Gallery
from maskreid.gallery.nearest import matrix_of

ALIKE = 0.985  # likeness of near duplicates: the same person, the same moment
MOST = 50_000  # entries that are compared with each other
BLOCK = 1024

Order = Literal["added", "time", "camera", "coverage"]
# Columns for `Gallery.rows`, the first deciding; the id parts entries that were added at once.
ORDERS: dict[Order, tuple[str, ...]] = {
    "added": ("-added", "id"),
    "time": ("time", "id"),
    "camera": ("camera", "time", "id"),
    "coverage": ("coverage", "id"),
}


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
    offset: int = 0,
    limit: int = 60,
) -> Listing:
    """Return a page of the entries that ``where`` means.

    Args:
        gallery: whose entries.
        where: which; all by default.
        order: "added": the newest first; "time": the earliest first, no time last; "camera", then time; "coverage":
            the smallest mask first.
        offset: entries to pass over.
        limit: entries at most.
    """
    total = gallery.count(where or Filter())
    beyond = offset >= total  # nothing has to be sorted to know that
    entries = [] if beyond else gallery.entries(where, limit, order=ORDERS[order], offset=offset)
    return Listing(entries, total)


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
