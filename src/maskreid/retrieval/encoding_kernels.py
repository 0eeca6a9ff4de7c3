"""k-reciprocal encoding's inner loops, compiled: sets of neighbours, their weights, and the mean of several.

Each works on the items ``first`` to ``last``, so that threads share the items. What is written comes in two steps,
counting and then writing, because nobody knows before how many neighbours an item ends up with.
"""

from __future__ import annotations

import numpy as np

from maskreid.compiled import compiled
from maskreid.retrieval.features import FloatArray, IntArray, Items
from maskreid.retrieval.nearest_kernels import product, squared_distance
from maskreid.retrieval.sparse_rows import SparseRows


@compiled
def count_members(nearest: Items, count: int, half: int, first: int, last: int, sizes: IntArray) -> None:
    """Write how many expanded k-reciprocal neighbours each item has to ``sizes``, (N,)."""
    own, candidate, members = _space(count, half)
    stamps = np.full(len(nearest), -1, np.int64)
    for item in range(first, last):
        sizes[item] = _expanded(nearest, item, count, half, own, candidate, stamps, members)


@compiled
def write_encoding(
    vectors: FloatArray,
    nearest: Items,
    largest: FloatArray,
    count: int,
    half: int,
    first: int,
    last: int,
    encoding: SparseRows,
) -> None:
    """Write every item's members and their weights exp(-d / largest), divided by their sum.

    Args:
        vectors: (N, D) unit rows.
        nearest: (N, K) of `maskreid.retrieval.neighbours.Neighbours`.
        largest: (N,) likewise.
        count: k1 + 1, the item itself included.
        half: of the candidates' sets, likewise.
        first: first item to write.
        last: item to stop before.
        encoding: N rows of the sizes from `count_members`; is written.
    """
    own, candidate, members = _space(count, half)
    stamps = np.full(len(nearest), -1, np.int64)
    for item in range(first, last):
        size = _expanded(nearest, item, count, half, own, candidate, stamps, members)
        start = encoding.starts[item]
        total = np.float32(0)
        for place in range(size):
            distance = squared_distance(product(vectors[item], vectors[members[place]]))
            weight = np.exp(-distance / largest[item])
            encoding.items[start + place] = members[place]
            encoding.weights[start + place] = weight
            total += weight
        for place in range(start, start + size):
            encoding.weights[place] /= total


@compiled
def count_averaged(nearest: Items, k2: int, encoding: SparseRows, first: int, last: int, sizes: IntArray) -> None:
    """Write how many members each item's first ``k2`` neighbours have together to ``sizes``, (N,)."""
    stamps = np.full(len(nearest), -1, np.int64)
    for item in range(first, last):
        size = 0
        for neighbour in nearest[item, :k2]:
            for place in range(encoding.starts[neighbour], encoding.starts[neighbour + 1]):
                member = encoding.items[place]
                size += stamps[member] != item
                stamps[member] = item
        sizes[item] = size


@compiled
def write_averaged(
    nearest: Items, k2: int, encoding: SparseRows, first: int, last: int, averaged: SparseRows
) -> None:
    """Write the mean of the encodings of each item's first ``k2`` neighbours, the item itself included."""
    sums = np.zeros(len(nearest), np.float32)
    for item in range(first, last):
        start = end = averaged.starts[item]
        for neighbour in nearest[item, :k2]:
            for place in range(encoding.starts[neighbour], encoding.starts[neighbour + 1]):
                member = encoding.items[place]
                if sums[member] == 0:
                    averaged.items[end] = member
                    end += 1
                sums[member] += encoding.weights[place]
        for place in range(start, end):
            averaged.weights[place] = sums[averaged.items[place]] / k2
            sums[averaged.items[place]] = 0


@compiled
def _space(count: int, half: int) -> tuple[Items, Items, Items]:
    return np.empty(count, np.int32), np.empty(half, np.int32), np.empty(count * (half + 1), np.int32)


@compiled
def _expanded(
    nearest: Items, item: int, count: int, half: int, own: Items, candidate: Items, stamps: IntArray, members: Items
) -> int:
    """Write an item's k-reciprocal neighbours and those that join them to ``members``; return how many they are.

    ``stamps`` (N,) holds 2 * item for its own and 2 * item + 1 for the joined, so that it is never cleared.
    """
    size = _mutual(nearest, item, count, own)
    for place in range(size):
        stamps[own[place]] = 2 * item
        members[place] = own[place]
    total = size
    for place in range(size):
        others = _mutual(nearest, own[place], half, candidate)
        shared = 0
        for other in range(others):
            shared += stamps[candidate[other]] == 2 * item
        if 3 * shared > 2 * others:
            for other in range(others):
                if stamps[candidate[other]] < 2 * item:
                    stamps[candidate[other]] = 2 * item + 1
                    members[total] = candidate[other]
                    total += 1
    return total


@compiled
def _mutual(nearest: Items, item: int, count: int, out: Items) -> int:
    """Write the first ``count`` neighbours that have the item among theirs; return how many they are."""
    found = 0
    for other in nearest[item, :count]:
        for back in nearest[other, :count]:
            if back == item:
                out[found] = other
                found += 1
                break
    return found
