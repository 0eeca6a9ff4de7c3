"""Jaccard distances of sparse encodings, compiled."""

from __future__ import annotations

import numpy as np

from maskreid.compiled import compiled
from maskreid.retrieval.features import FloatArray, IntArray
from maskreid.retrieval.nearest_kernels import squared_distance
from maskreid.retrieval.sparse_rows import SparseRows


@compiled
def invert(encoding: SparseRows, first: int) -> SparseRows:
    """Return, for each of N items, which rows weigh it, and by how much; rows are counted from ``first`` on."""
    total = len(encoding.starts) - 1
    starts = np.zeros(total + 1, np.int64)
    for place in range(encoding.starts[first], encoding.starts[total]):
        starts[encoding.items[place] + 1] += 1
    starts = np.cumsum(starts)
    end = starts[:-1].copy()
    items, weights = np.empty(starts[-1], np.int32), np.empty(starts[-1], np.float32)
    for row in range(first, total):
        for place in range(encoding.starts[row], encoding.starts[row + 1]):
            item = encoding.items[place]
            items[end[item]] = row - first
            weights[end[item]] = encoding.weights[place]
            end[item] += 1
    return SparseRows(starts, items, weights)


@compiled
def mix_distances(
    block: FloatArray,
    queries: IntArray,
    encoding: SparseRows,
    inverted: SparseRows,
    largest: FloatArray,
    lambda_: float,
) -> None:
    """Turn similarities of queries and gallery into final distances, in place.

    The Jaccard distance is 1 - sum of minima / sum of maxima. Encodings have sum 1, so the maxima are 2 less the
    minima, and those come from the lists of the few items that a query weighs.

    Args:
        block: (B, G) similarities; (1 - lambda) Jaccard + lambda d / largest is written.
        queries: (B,) query of each row.
        encoding: Q rows or more, of the queries.
        inverted: N rows: for each item the gallery images that weigh it.
        largest: (Q,) or more, largest distance of each query to any item.
        lambda_: weight of the original distance.
    """
    minima = np.empty(block.shape[1], np.float32)
    for row in range(len(block)):
        query = queries[row]
        minima[:] = 0
        for at in range(encoding.starts[query], encoding.starts[query + 1]):
            item, weight = encoding.items[at], encoding.weights[at]
            for place in range(inverted.starts[item], inverted.starts[item + 1]):
                minima[inverted.items[place]] += min(weight, inverted.weights[place])
        _mix_row(block[row], minima, np.float32(lambda_ / largest[query]), np.float32(1 - lambda_))


@compiled
def _mix_row(similarities: FloatArray, minima: FloatArray, original: np.float32, jaccard: np.float32) -> None:
    for place in range(len(similarities)):
        ratio = minima[place] / (np.float32(2) - minima[place])
        similarities[place] = jaccard * (np.float32(1) - ratio) + original * squared_distance(similarities[place])
