"""A gallery page by page, in an order; and entries that are nearly the same."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import Literal

import numpy as np

from maskreid.errors import MaskreidError, check_count
from maskreid.gallery.filters import Filter
from maskreid.gallery.gallery import Entry, Gallery
from maskreid.gallery.nearest import Vectors, all_features

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

    Raises:
        MaskreidError: there is no such order, or one of the numbers is negative or none.
    """
    if order not in ORDERS:
        raise MaskreidError(f"browse: expected the order {', '.join(ORDERS)}, got {order!r}")
    check_count("browse: offset", offset, 0)
    check_count("browse: limit", limit)
    total = gallery.count(where or Filter())
    beyond = offset >= total  # nothing has to be sorted to know that
    entries = [] if beyond else gallery.entries(where, limit, order=ORDERS[order], offset=offset)
    return Listing(entries, total)


def duplicates(
    gallery: Gallery, where: Filter | None = None, *, least: float = ALIKE, most: int = 100
) -> list[tuple[float, Entry, Entry]]:
    """Return pairs of entries that are nearly the same, the most alike first.

    Args:
        gallery: whose entries.
        where: which; all by default.
        least: cosine of a pair.
        most: pairs at most; time and memory do not grow with how many more there are.

    Raises:
        MaskreidError: ``where`` means more than `MOST` entries.
    """
    count = gallery.count(where or Filter())
    if count > MOST:
        raise MaskreidError(f"{count:,} entries are too many to compare each with each; choose a camera or a time")
    ids, features = all_features(gallery, where)
    if len(ids) < 2 or most < 1:
        return []
    pairs = _most_alike(features, least, most)
    wanted = {ids[row] for _, *rows in pairs for row in rows}
    found = {entry.id: entry for entry in gallery.entries(Filter(ids=tuple(wanted)))} if wanted else {}
    return [(score, found[ids[a]], found[ids[b]]) for score, a, b in pairs if ids[a] in found and ids[b] in found]


def _most_alike(vectors: Vectors, least: float, most: int) -> list[tuple[float, int, int]]:
    """Return the pairs of (N, D) unit rows with the highest cosines: cosine, lower row, higher row."""
    scores, pairs = np.empty(0, np.float32), np.empty((0, 2), np.int64)
    for top, left in combinations_with_replacement(range(0, len(vectors), BLOCK), 2):
        block = vectors[top : top + BLOCK] @ vectors[left : left + BLOCK].T
        if left == top:
            block[np.tril_indices(len(block))] = -np.inf  # each pair once, and no row with itself
        above = np.argwhere(block >= least)
        scores = np.concatenate((scores, block[tuple(above.T)]))
        pairs = np.concatenate((pairs, above + np.array((top, left))))
        if len(scores) >= most:
            best = np.argpartition(scores, -most)[-most:]
            scores, pairs = scores[best], pairs[best]
            least = float(np.nextafter(scores.min(), np.float32(np.inf)))  # what is no better need not be looked at
    order = np.lexsort((pairs[:, 1], pairs[:, 0], -scores))
    return [(float(scores[place]), int(pairs[place, 0]), int(pairs[place, 1])) for place in order]
