"""Re-ranking's inner loops, compiled. Imported only where they run: numba takes most of a second to import.

Neighbours, members and encodings are lists of item numbers, some 20 to 100 an item, never rows of N.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

Floats = npt.NDArray[np.float32]
Items = npt.NDArray[np.int32]
Starts = npt.NDArray[np.int64]

CHUNK = 256  # similarities that are passed over together if none of them matters


@njit(cache=True, nogil=True)
def find_nearest(block: Floats, first: int, neighbours: Items, largest: Floats) -> None:
    """Find each row's nearest items and its largest distance; equal distances keep the order of the items.

    Args:
        block: (B, N) similarities of the items ``first`` to ``first + B`` with all.
        first: the item of the first row.
        neighbours: (B, K) is written: the item itself, then the K - 1 nearest others, K <= N.
        largest: (B,) is written: the largest squared distance, 2 - 2 s.
    """
    rows, total = block.shape
    count = neighbours.shape[1]
    distances = np.empty(count, np.float32)
    similarities = np.empty(count, np.float32)
    for row in range(rows):
        item = first + row
        neighbours[row, 0] = item
        distances[0] = -1
        similarities[0] = np.inf
        found = 1
        lowest = np.float32(np.inf)
        for start in range(0, total, CHUNK):
            part = block[row, start : min(start + CHUNK, total)]
            if found == count:
                # Nearer means more similar, so this bound lets through all that may enter; most chunks end here.
                entry = similarities[count - 1]
                matter = np.int32(0)
                for place in range(len(part)):
                    matter += (part[place] > entry) | (part[place] < lowest)
                if matter == 0:
                    continue
            for place in range(len(part)):
                similarity = part[place]
                lowest = min(lowest, similarity)
                other = start + place
                distance = max(np.float32(2) - np.float32(2) * similarity, np.float32(0))
                if other == item or (found == count and distance >= distances[count - 1]):
                    continue
                if found < count:
                    found += 1
                at = found - 1
                while distances[at - 1] > distance:
                    distances[at] = distances[at - 1]
                    similarities[at] = similarities[at - 1]
                    neighbours[row, at] = neighbours[row, at - 1]
                    at -= 1
                distances[at] = distance
                similarities[at] = similarity
                neighbours[row, at] = other
        largest[row] = max(np.float32(2) - np.float32(2) * lowest, np.float32(0))


@njit(cache=True, nogil=True)
def _mutual(neighbours: Items, item: int, count: int, out: Items) -> int:
    """Write the first ``count`` neighbours that have the item among theirs; return how many they are."""
    found = 0
    for place in range(count):
        other = neighbours[item, place]
        for back in range(count):
            if neighbours[other, back] == item:
                out[found] = other
                found += 1
                break
    return found


@njit(cache=True, nogil=True)
def _expanded(
    neighbours: Items, item: int, count: int, half: int, own: Items, others: Items, stamps: Starts, out: Items
) -> int:
    """Write an item's k-reciprocal neighbours and those that join them; return how many they are.

    ``stamps`` (N,) holds 2 * item for its own and 2 * item + 1 for the joined, so that it is never cleared.
    """
    size = _mutual(neighbours, item, count, own)
    for place in range(size):
        stamps[own[place]] = 2 * item
        out[place] = own[place]
    total = size
    for place in range(size):
        candidates = _mutual(neighbours, own[place], half, others)
        shared = 0
        for other in range(candidates):
            shared += stamps[others[other]] == 2 * item
        if 3 * shared > 2 * candidates:
            for other in range(candidates):
                if stamps[others[other]] < 2 * item:
                    stamps[others[other]] = 2 * item + 1
                    out[total] = others[other]
                    total += 1
    return total


@njit(cache=True, nogil=True)
def count_members(neighbours: Items, count: int, half: int) -> Starts:
    """Count each item's expanded k-reciprocal neighbours, (N,): what `write_encoding` will need."""
    total = len(neighbours)
    own, others = np.empty(count, np.int32), np.empty(half, np.int32)
    out = np.empty(count * (half + 1), np.int32)
    stamps = np.full(total, -1, np.int64)
    sizes = np.empty(total, np.int64)
    for item in range(total):
        sizes[item] = _expanded(neighbours, item, count, half, own, others, stamps, out)
    return sizes


@njit(cache=True, nogil=True, fastmath=True)
def _product(one: Floats, other: Floats) -> float:
    total = np.float32(0)
    for place in range(len(one)):
        total += one[place] * other[place]
    return total


@njit(cache=True, nogil=True)
def write_encoding(
    query: Floats,
    gallery: Floats,
    neighbours: Items,
    largest: Floats,
    count: int,
    half: int,
    starts: Starts,
    indices: Items,
    values: Floats,
) -> None:
    """Write every item's members in ascending order and their weights exp(-d / largest), of sum 1 an item.

    Args:
        query: (Q, D) unit rows, the first items.
        gallery: (G, D) unit rows, the other items.
        neighbours: (N, K) from `find_nearest`.
        largest: (N,) from `find_nearest`.
        count: k1 + 1.
        half: of the candidates' sets, the item itself included.
        starts: (N + 1,) where each item's members go.
        indices: is written: members.
        values: is written: their weights.
    """
    total = len(neighbours)
    queries = len(query)
    own, others = np.empty(count, np.int32), np.empty(half, np.int32)
    out = np.empty(count * (half + 1), np.int32)
    stamps = np.full(total, -1, np.int64)
    for item in range(total):
        size = _expanded(neighbours, item, count, half, own, others, stamps, out)
        members = np.sort(out[:size])
        vector = query[item] if item < queries else gallery[item - queries]
        begin = starts[item]
        sum_of_weights = 0.0
        for place in range(size):
            other = members[place]
            similarity = _product(vector, query[other] if other < queries else gallery[other - queries])
            weight = np.exp(-max(2 - 2 * similarity, 0.0) / largest[item])
            indices[begin + place] = other
            values[begin + place] = weight
            sum_of_weights += weight
        for place in range(begin, begin + size):
            values[place] /= sum_of_weights


@njit(cache=True, nogil=True)
def count_averaged(neighbours: Items, k2: int, starts: Starts, indices: Items) -> Starts:
    """Count the members of each item's first ``k2`` neighbours together, (N,): what `write_averaged` will need."""
    total = len(neighbours)
    stamps = np.full(total, -1, np.int64)
    sizes = np.zeros(total, np.int64)
    for item in range(total):
        for place in range(k2):
            near = neighbours[item, place]
            for at in range(starts[near], starts[near + 1]):
                if stamps[indices[at]] != item:
                    stamps[indices[at]] = item
                    sizes[item] += 1
    return sizes


@njit(cache=True, nogil=True)
def write_averaged(
    neighbours: Items,
    k2: int,
    starts: Starts,
    indices: Items,
    values: Floats,
    averaged_starts: Starts,
    averaged_indices: Items,
    averaged_values: Floats,
) -> None:
    """Write the mean of the encodings of each item's first ``k2`` neighbours, the item itself included."""
    total = len(neighbours)
    sums = np.zeros(total, np.float32)
    for item in range(total):
        begin = averaged_starts[item]
        end = begin
        for place in range(k2):
            near = neighbours[item, place]
            for at in range(starts[near], starts[near + 1]):
                member = indices[at]
                if sums[member] == 0:
                    averaged_indices[end] = member
                    end += 1
                sums[member] += values[at]
        for at in range(begin, end):
            averaged_values[at] = sums[averaged_indices[at]] / k2
            sums[averaged_indices[at]] = 0


@njit(cache=True, nogil=True)
def mix_distances(
    block: Floats,
    items: Starts,
    starts: Starts,
    indices: Items,
    values: Floats,
    column_starts: Starts,
    column_rows: Items,
    column_values: Floats,
    largest: Floats,
    lambda_: float,
) -> None:
    """Turn similarities of queries and gallery into final distances, in place.

    The Jaccard distance is 1 - sum of minima / sum of maxima. Encodings have sum 1, so the maxima are 2 less the
    minima, and those are gathered from the columns of a query's few non-zeros.

    Args:
        block: (B, G) similarities; (1 - lambda) Jaccard + lambda d / largest is written.
        items: (B,) query of each row.
        starts: (N + 1,), with ``indices`` and ``values``, the encodings by item.
        indices: see ``starts``.
        values: see ``starts``.
        column_starts: (N + 1,), with ``column_rows`` and ``column_values``, the gallery's encodings by member.
        column_rows: see ``column_starts``.
        column_values: see ``column_starts``.
        largest: (N,) from `find_nearest`.
        lambda_: weight of the original distance.
    """
    minima = np.empty(block.shape[1], np.float32)
    for row in range(len(block)):
        item = items[row]
        minima[:] = 0
        for at in range(starts[item], starts[item + 1]):
            member = indices[at]
            weight = values[at]
            for place in range(column_starts[member], column_starts[member + 1]):
                minima[column_rows[place]] += min(weight, column_values[place])
        scale = np.float32(lambda_ / largest[item])
        jaccard = np.float32(1 - lambda_)
        for other in range(block.shape[1]):
            shared = minima[other]
            original = max(np.float32(2) - np.float32(2) * block[row, other], np.float32(0))
            block[row, other] = jaccard * (1 - shared / (2 - shared)) + scale * original
