"""k-reciprocal re-ranking (Zhong et al., CVPR 2017), as its authors' code computes it.

What that code does and its paper does not say, kept here on purpose, each with a test:

* queries and the whole gallery, junk and distractors included, are one set of N items and one another's
  neighbours;
* distances are squared Euclidean, and each item's row is divided by its maximum;
* the item itself is its own first neighbour, so "k" neighbours are k + 1 items;
* the candidates' half-sized sets use k1 / 2 rounded half to even;
* equal distances rank in the order of the items, queries first, as a stable sort puts them;
* a candidate's set joins if strictly more than 2/3 of it is shared; expansion is not iterated;
* an item's weights exp(-d) are divided by their sum;
* query expansion averages the first k2 items, the item itself included, and is left out for k2 = 1.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from maskreid.errors import MaskreidError
from maskreid.retrieval.evaluate import check_comparable, evaluate_distances
from maskreid.retrieval.features import Features
from maskreid.retrieval.metrics import Metrics
from maskreid.retrieval.protocol import MARKET1501, Protocol

BLOCK_BYTES = 32 << 20  # of the N x N distances, in memory at once


@dataclass(frozen=True, eq=False)
class RerankedDistances:
    """Final distances of `rerank`.

    Attributes:
        distances: (Q, G) float32, smaller is nearer.
        query: the queries they are about.
        gallery: the gallery.
    """

    distances: npt.NDArray[np.float32]
    query: Features
    gallery: Features

    def evaluate(self, protocol: Protocol = MARKET1501) -> Metrics:
        """Judge the new order, as `maskreid.retrieval.evaluate` judges the old one."""
        return evaluate_distances(self.distances, self.query, self.gallery, protocol)


def rerank(query: Features, gallery: Features, k1: int = 20, k2: int = 6, lambda_: float = 0.3) -> RerankedDistances:
    """Re-rank the gallery for every query by who shares whose neighbours.

    Time grows with N x N, N = Q + G: Market-1501 takes 10 s of one core. Memory is the (Q, G) result, and what
    grows with N x k1; never N x N. Only neighbours that exist count, so k1 may exceed N.

    Args:
        query: the queries.
        gallery: the gallery.
        k1: neighbours that must be mutual.
        k2: neighbours whose encodings are averaged.
        lambda_: weight of the original distance; 1 - lambda_ goes to the Jaccard distance.

    Raises:
        MaskreidError: a parameter is out of range, or the features do not fit each other.
    """
    if k1 < 1 or k2 < 1 or not 0 <= lambda_ <= 1:
        raise MaskreidError(f"rerank: expected k1 >= 1, k2 >= 1 and 0 <= lambda_ <= 1, got {k1}, {k2}, {lambda_}")
    check_comparable(query, gallery)
    vectors = np.concatenate((query.vectors, gallery.vectors))
    neighbours, largest = _neighbours(vectors, max(k1 + 1, k2))
    encoding = _encode(vectors, neighbours, largest, k1)
    if k2 > 1:
        encoding = _expand(encoding, neighbours[:, :k2])
    gallery_columns = sparse.csc_array(encoding[len(query) :])
    distances = np.empty((len(query), len(gallery)), np.float32)
    for rows in _blocks(len(query), len(gallery)):
        original = _distances(query.vectors[rows], gallery.vectors) / largest[: len(query)][rows, None]
        distances[rows] = (1 - lambda_) * _jaccard(encoding[rows], gallery_columns) + lambda_ * original
    return RerankedDistances(distances, query, gallery)


def _blocks(rows: int, columns: int) -> Iterator[slice]:
    """Cut ``rows`` so that a float32 block of them by ``columns`` stays under `BLOCK_BYTES`."""
    step = max(1, BLOCK_BYTES // (4 * columns))
    for start in range(0, rows, step):
        yield slice(start, min(start + step, rows))


def _distances(rows: npt.NDArray[np.float32], columns: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Squared Euclidean distances of unit rows."""
    squared: npt.NDArray[np.float32] = np.maximum(2 - 2 * (rows @ columns.T), 0)
    return squared


def _neighbours(
    vectors: npt.NDArray[np.float32], count: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """Return each item's nearest items in order, and its row's largest distance."""
    total = len(vectors)
    count = min(count, total)
    nearest = np.empty((total, count), np.int64)
    largest = np.empty(total, np.float32)
    for rows in _blocks(total, total):
        block = _distances(vectors[rows], vectors)
        items = np.arange(total)[rows]
        block[items - rows.start, items] = -1  # whatever rounding says, an item is its own first neighbour
        largest[rows] = block.max(1)
        # Everything up to the count-th distance, ties included, then a stable order among those.
        bound = np.partition(block, count - 1, axis=1)[:, count - 1]
        for row, limit in enumerate(bound):
            candidates = np.flatnonzero(block[row] <= limit)
            order = candidates[np.argsort(block[row, candidates], kind="stable")][:count]
            nearest[rows.start + row] = order
    return nearest, np.maximum(largest, np.finfo(np.float32).eps)  # where all images are alike


def _encode(
    vectors: npt.NDArray[np.float32],
    neighbours: npt.NDArray[np.int64],
    largest: npt.NDArray[np.float32],
    k1: int,
) -> sparse.csr_array:
    """Weigh each item's expanded k-reciprocal neighbours: rows of V, each with sum 1."""
    half = int(np.around(k1 / 2))
    reciprocal = _reciprocal(neighbours[:, : k1 + 1])
    reciprocal_half = _reciprocal(neighbours[:, : half + 1])
    indices, values, starts = [], [], [0]
    for item, own in enumerate(reciprocal):
        members = set(own.tolist())
        expanded = set(members)
        for candidate in own.tolist():
            other = reciprocal_half[candidate]
            if len(members.intersection(other.tolist())) > 2 / 3 * len(other):
                expanded.update(other.tolist())
        columns = np.array(sorted(expanded))
        weights = np.exp(-_distances(vectors[item : item + 1], vectors[columns])[0] / largest[item])
        indices.append(columns)
        values.append(weights / weights.sum())
        starts.append(starts[-1] + len(columns))
    shape = (len(vectors), len(vectors))
    return sparse.csr_array((np.concatenate(values), np.concatenate(indices), np.array(starts)), shape=shape)


def _reciprocal(neighbours: npt.NDArray[np.int64]) -> list[npt.NDArray[np.int64]]:
    """Keep, of each item's neighbours, those that have the item among theirs."""
    total, count = neighbours.shape
    forward = np.repeat(np.arange(total), count) * total + neighbours.ravel()
    backward = neighbours.ravel() * total + np.repeat(np.arange(total), count)
    mutual = np.isin(backward, forward).reshape(total, count)
    return [row[keep] for row, keep in zip(neighbours, mutual, strict=True)]


def _expand(encoding: sparse.csr_array, neighbours: npt.NDArray[np.int64]) -> sparse.csr_array:
    """Average each item's encoding with those of its nearest neighbours."""
    total, count = neighbours.shape
    average = sparse.csr_array(
        (
            np.full(total * count, 1 / count, np.float32),
            neighbours.ravel(),
            np.arange(0, total * count + 1, count),
        ),
        shape=(total, total),
    )
    return sparse.csr_array(average @ encoding)


def _jaccard(query: sparse.csr_array, gallery: sparse.csc_array) -> npt.NDArray[np.float32]:
    """1 - sum of minima / sum of maxima. Rows have sum 1, so the maxima are 2 less the minima."""
    minima = np.zeros((query.shape[0], gallery.shape[0]), np.float32)
    for row in range(query.shape[0]):
        for at in range(query.indptr[row], query.indptr[row + 1]):
            column, weight = query.indices[at], query.data[at]
            span = slice(gallery.indptr[column], gallery.indptr[column + 1])
            minima[row, gallery.indices[span]] += np.minimum(weight, gallery.data[span])
    return np.asarray(1 - minima / (2 - minima))
