"""An approximate neighbour search for half a million images and more: only cells that lie near are looked into."""

from __future__ import annotations

import numpy as np

from maskreid.errors import check_count
from maskreid.progress import Progress
from maskreid.retrieval.features import FloatArray, IntArray
from maskreid.retrieval.neighbours import NeighbourLists, Neighbours, Search
from maskreid.threads import in_threads

ROUNDS = 8  # of k-means
SAMPLE = 32  # items a cell that its centre is learned from
FAR = 2048  # items among which the farthest is looked for
REFINEMENTS = 2  # times that neighbours of neighbours are looked at
BLOCK = 2048  # items that are compared at a time


def approximate_search(probes: int = 64, seed: int = 0) -> Search:
    """Return a search for `maskreid.retrieval.rerank` that misses some neighbours, for sets of several 100,000 items.

    Items are put into sqrt(N) cells, by k-means, and compared with those in the cells nearest to their own. The
    largest distance is taken from a sample. Time grows with N^1.5 x ``probes`` and memory with N.

    Args:
        probes: cells that are looked into. As many as there are cells make the neighbours exact.
        seed: of the sample that cells are learned from.

    Raises:
        MaskreidError: ``probes`` is below 1.
    """
    check_count("approximate search: probes", probes)

    def search(vectors: FloatArray, count: int, progress: Progress) -> Neighbours:
        from maskreid.retrieval.nearest_kernels import scan_neighbours, scan_rows

        total = len(vectors)
        lists = NeighbourLists(total, count)
        state = (lists.nearest, lists.distances, lists.lowest)
        far = vectors[np.linspace(0, total - 1, min(FAR, total)).astype(np.int64)]
        centres = _centres(vectors, np.random.default_rng(seed))
        cell_of = np.empty(total, np.int64)
        for start in range(0, total, BLOCK):
            block = vectors[start : start + BLOCK]
            cell_of[start : start + BLOCK] = (block @ centres.T).argmax(1)
            lists.lowest[start : start + BLOCK] = (block @ far.T).min(1)
        used, sizes = np.unique(cell_of, return_counts=True)
        by_cell = np.argsort(cell_of, kind="stable")
        members = np.split(by_cell, np.cumsum(sizes)[:-1])
        near = np.argsort(-centres[used] @ centres[used].T, axis=1, kind="stable")
        cells = range(len(used))
        for cell in progress(cells, total=len(cells), what="searching neighbours", unit="cell"):
            enough = int(np.searchsorted(np.cumsum(sizes[near[cell]]), count)) + 1  # to fill the lists
            others = np.sort(np.concatenate([members[each] for each in near[cell, : max(probes, enough)]]))
            for columns in _tiles(others):
                right = vectors[columns].T
                for rows in _tiles(members[cell]):
                    tile = vectors[rows] @ right
                    in_threads(lambda first, last: scan_rows(tile, rows, columns, first, last, *state), len(rows))  # noqa: B023
        for _ in range(REFINEMENTS):
            known = lists.nearest.copy()
            in_threads(lambda first, last: scan_neighbours(vectors, known, by_cell, first, last, *state), total)  # noqa: B023
        return lists.finished()

    return search


def _centres(vectors: FloatArray, random: np.random.Generator) -> FloatArray:
    """Return sqrt(N) unit rows, by k-means of a sample."""
    count = max(1, round(len(vectors) ** 0.5))
    sample = vectors[np.sort(random.choice(len(vectors), min(SAMPLE * count, len(vectors)), replace=False))]
    centres: FloatArray = sample[random.choice(len(sample), count, replace=False)]
    for _ in range(ROUNDS):
        cell_of = np.concatenate(
            [(sample[at : at + BLOCK] @ centres.T).argmax(1) for at in range(0, len(sample), BLOCK)]
        )
        used, starts = np.unique(np.sort(cell_of), return_index=True)
        sums = np.add.reduceat(sample[np.argsort(cell_of, kind="stable")], starts)
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        centres[used] = sums / np.maximum(lengths, np.finfo(np.float32).tiny)
    return centres


def _tiles(items: IntArray) -> list[IntArray]:
    return [items[start : start + BLOCK] for start in range(0, len(items), BLOCK)]
