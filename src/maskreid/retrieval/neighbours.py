"""Every item's nearest items, which re-ranking starts from: exact, with half of all products and no N x N matrix."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np

from maskreid.progress import Progress
from maskreid.retrieval.features import FloatArray, Items
from maskreid.threads import in_threads

TILE = 2048  # items; the products of so many with so many, 16 MiB, stay in the cache until they are looked through


@dataclass(frozen=True, eq=False)
class Neighbours:
    """Lists of neighbours of N items.

    Attributes:
        nearest: (N, K) int32, the item itself, then the K - 1 nearest others, nearest first.
        largest: (N,) float32, each item's largest squared Euclidean distance to any.
    """

    nearest: Items
    largest: FloatArray


Search = Callable[[FloatArray, int, Progress], Neighbours]
"""(N, D) unit rows, K <= N, progress -> the neighbours. Equal distances keep the order of the items."""


class NeighbourLists:
    """Neighbours while they are being found: the lists that `maskreid.retrieval.nearest_kernels` keeps up."""

    def __init__(self, items: int, count: int) -> None:
        self.nearest = np.full((items, count), -1, np.int32)
        self.distances = np.full((items, count), np.inf, np.float32)
        self.lowest = np.full(items, np.inf, np.float32)
        self.nearest[:, 0] = np.arange(items)
        self.distances[:, 0] = -1  # whatever rounding says, an item is its own first neighbour

    def finished(self) -> Neighbours:
        """Return what was found."""
        largest = np.maximum(2 - 2 * self.lowest, np.finfo(np.float32).eps)  # where all items are alike
        return Neighbours(self.nearest, largest)


def exact_search(vectors: FloatArray, count: int, progress: Progress) -> Neighbours:
    """Find neighbours by comparing everything with everything; a product serves both items it is about."""
    from maskreid.retrieval.nearest_kernels import scan_columns, scan_rows

    total = len(vectors)
    lists = NeighbourLists(total, count)
    state = (lists.nearest, lists.distances, lists.lowest)
    blocks = [np.arange(start, min(start + TILE, total)) for start in range(0, total, TILE)]
    buffer = np.empty(min(TILE, total) ** 2, np.float32)
    # In this order each list is offered the items in ascending order: first by its column, then by its row.
    tiles = list(combinations_with_replacement(blocks, 2))
    for rows, columns in progress(tiles, total=len(tiles), what="searching neighbours", unit="tile"):
        tile = buffer[: len(rows) * len(columns)].reshape(len(rows), len(columns))
        np.matmul(vectors[rows[0] : rows[-1] + 1], vectors[columns[0] : columns[-1] + 1].T, out=tile)
        if rows is not columns:
            in_threads(lambda first, last: scan_columns(tile, columns, rows, first, last, *state), len(columns))  # noqa: B023
        in_threads(lambda first, last: scan_rows(tile, rows, columns, first, last, *state), len(rows))  # noqa: B023
    return lists.finished()
