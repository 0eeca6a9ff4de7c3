"""k-reciprocal re-ranking (Zhong et al., CVPR 2017), as its authors' code computes it.

What that code does beyond its paper, kept here on purpose (paper.md 5.5), each with a test:

* queries and the whole gallery, junk and distractors included, are one set of N items and one another's
  neighbours;
* distances are squared Euclidean, and each item's row is divided by its maximum;
* the item itself is its own first neighbour, so "k" neighbours are k + 1 items;
* the candidates' half-sized sets use k1 / 2 rounded half to even;
* a candidate's set joins if strictly more than 2/3 of it is shared; expansion is not iterated;
* an item's weights exp(-d) are divided by their sum;
* query expansion averages the first k2 items, the item itself included, and is left out for k2 = 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from maskreid.errors import MaskreidError
from maskreid.retrieval.evaluate import check_comparable, evaluate_distances
from maskreid.retrieval.features import Features
from maskreid.retrieval.metrics import Metrics

BLOCK = 512  # rows of the N x N distances in memory at once


@dataclass(frozen=True)
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

    def evaluate(self) -> Metrics:
        """Evaluate the new order under the same protocol as before."""
        return evaluate_distances(self.distances, self.query, self.gallery)


def rerank(query: Features, gallery: Features, k1: int = 20, k2: int = 6, lambda_: float = 0.3) -> RerankedDistances:
    """Re-rank the gallery for every query by who shares whose neighbours.

    Memory grows with Q x G for the result and with N x k1 for everything else, N = Q + G.

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
    jaccard = _jaccard(encoding[: len(query)], encoding[len(query) :])
    for start in range(0, len(query), BLOCK):
        rows = slice(start, min(start + BLOCK, len(query)))
        original = _distances(vectors[rows], gallery.vectors) / largest[rows, None]
        jaccard[rows] = (1 - lambda_) * jaccard[rows] + lambda_ * original
    return RerankedDistances(jaccard, query, gallery)


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
    for start in range(0, total, BLOCK):
        block = _distances(vectors[start : start + BLOCK], vectors)
        rows = np.arange(len(block))
        block[rows, start + rows] = -1  # first of all, whatever rounding says: an item is its own neighbour 0
        largest[start : start + BLOCK] = block.max(1)
        # Everything up to the count-th distance, ties included, then a stable order among those.
        bound = np.partition(block, count - 1, axis=1)[:, count - 1]
        for row, limit in enumerate(bound):
            candidates = np.flatnonzero(block[row] <= limit)
            order = candidates[np.argsort(block[row, candidates], kind="stable")][:count]
            nearest[start + row] = order
    return nearest, np.maximum(largest, np.finfo(np.float32).tiny)


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


def _jaccard(query: sparse.csr_array, gallery: sparse.csr_array) -> npt.NDArray[np.float32]:
    """1 - sum of minima over sum of maxima. Rows have sum 1, so the maxima are 2 minus the minima."""
    columns = gallery.tocsc()
    shared = np.zeros((query.shape[0], gallery.shape[0]), np.float32)
    for row in range(query.shape[0]):
        for at in range(query.indptr[row], query.indptr[row + 1]):
            column, weight = query.indices[at], query.data[at]
            span = slice(columns.indptr[column], columns.indptr[column + 1])
            shared[row, columns.indices[span]] += np.minimum(weight, columns.data[span])
    return np.asarray(1 - shared / (2 - shared))
