"""The neighbour search's inner loops, compiled: every item's list of nearest items, kept up as similarities come.

A list holds the K nearest so far, nearest first. Where distances are equal the item that came first stays ahead, so
items that come in ascending order end up as a stable sort puts them. Most similarities change nothing: a `CHUNK` of
them is compared with its bounds at once, and looked at one by one only if any of them matters.
"""

from __future__ import annotations

import numpy as np

from maskreid.compiled import compiled
from maskreid.retrieval.features import FloatArray, IntArray, Items

CHUNK = 64


@compiled
def scan_rows(
    tile: FloatArray,
    owners: IntArray,
    others: IntArray,
    first: int,
    last: int,
    nearest: Items,
    distances: FloatArray,
    lowest: FloatArray,
) -> None:
    """Offer the items of a tile's columns to the lists of its rows' items.

    Args:
        tile: (R, C) similarities of items with items.
        owners: (R,) the items of the rows.
        others: (C,) the items of the columns.
        first: first row to look at.
        last: row to stop before.
        nearest: (N, K) is kept up: each item's list.
        distances: (N, K) is kept up: squared Euclidean distances that go with it.
        lowest: (N,) is kept up: each item's smallest similarity to any.
    """
    final = nearest.shape[1] - 1
    for row in range(first, last):
        owner, similarities = owners[row], tile[row]
        for start in range(0, len(similarities), CHUNK):
            part = similarities[start : start + CHUNK]
            if _any_matters(part, distances[owner, final], lowest[owner]):
                for place in range(len(part)):
                    if _matters(part[place], distances[owner, final], lowest[owner]):
                        _offer(part[place], owner, others[start + place], nearest, distances, lowest)


@compiled
def scan_columns(
    tile: FloatArray,
    owners: IntArray,
    others: IntArray,
    first: int,
    last: int,
    nearest: Items,
    distances: FloatArray,
    lowest: FloatArray,
) -> None:
    """Offer the items of a tile's rows to the lists of its columns' items; the tile is still read along its rows.

    Args:
        tile: (R, C) similarities of items with items.
        owners: (C,) the items of the columns.
        others: (R,) the items of the rows.
        first: first column to look at.
        last: column to stop before.
        nearest: as for `scan_rows`, like what follows.
        distances: likewise.
        lowest: likewise.
    """
    final = nearest.shape[1] - 1
    farthest, least = np.empty(last - first, np.float32), np.empty(last - first, np.float32)
    for place in range(last - first):
        farthest[place], least[place] = distances[owners[first + place], final], lowest[owners[first + place]]
    for row in range(len(tile)):
        other, similarities = others[row], tile[row][first:last]
        for start in range(0, last - first, CHUNK):
            stop = min(start + CHUNK, last - first)
            part = similarities[start:stop]
            if _any_matters_to_its_own(part, farthest[start:stop], least[start:stop]):
                for place in range(start, stop):
                    if _matters(similarities[place], farthest[place], least[place]):
                        owner = owners[first + place]
                        _offer(similarities[place], owner, other, nearest, distances, lowest)
                        farthest[place], least[place] = distances[owner, final], lowest[owner]


@compiled
def scan_neighbours(
    vectors: FloatArray,
    known: Items,
    order: IntArray,
    first: int,
    last: int,
    nearest: Items,
    distances: FloatArray,
    lowest: FloatArray,
) -> None:
    """Offer each item the neighbours of its neighbours.

    Args:
        vectors: (N, D) unit rows of the items.
        known: (N, K) neighbours as they are now, a copy of ``nearest``.
        order: (N,) all items, those that lie near each other one after the other: what one needs is in the cache
            when the next one needs it.
        first: first of ``order`` to look at.
        last: the one to stop before.
        nearest: as for `scan_rows`, like what follows.
        distances: likewise.
        lowest: likewise.
    """
    stamps = np.full(len(vectors), -1, np.int64)
    for owner in order[first:last]:
        for neighbour in known[owner]:
            stamps[neighbour] = owner
        for neighbour in known[owner]:
            for other in known[neighbour]:
                if stamps[other] != owner:
                    stamps[other] = owner
                    _offer(product(vectors[owner], vectors[other]), owner, other, nearest, distances, lowest)


@compiled
def product(one: FloatArray, other: FloatArray) -> np.float32:
    """Similarity of two unit rows."""
    total = np.float32(0)
    for place in range(len(one)):
        total += one[place] * other[place]
    return total


@compiled
def _any_matters(part: FloatArray, farthest: np.float32, least: np.float32) -> bool:
    count = np.int32(0)  # as wide as a similarity, and in a function of its own: then it is compiled to vectors
    for place in range(len(part)):
        count += np.int32(_matters(part[place], farthest, least))
    return bool(count > 0)


@compiled
def _any_matters_to_its_own(part: FloatArray, farthest: FloatArray, least: FloatArray) -> bool:
    count = np.int32(0)
    for place in range(len(part)):
        count += np.int32(_matters(part[place], farthest[place], least[place]))
    return bool(count > 0)


@compiled
def _matters(similarity: np.float32, farthest: np.float32, least: np.float32) -> bool:
    # Not yet bounded by 0, a distance lets through all that may matter, and some more.
    return bool((_unbounded(similarity) < farthest) | (similarity < least))


@compiled
def squared_distance(similarity: np.float32) -> np.float32:
    """Squared Euclidean distance of unit rows."""
    return max(_unbounded(similarity), np.float32(0))


@compiled
def _unbounded(similarity: np.float32) -> np.float32:
    """Compute the same, which rounding can take below zero."""
    return np.float32(2) - np.float32(2) * similarity


@compiled
def _offer(
    similarity: np.float32, owner: int, other: int, nearest: Items, distances: FloatArray, lowest: FloatArray
) -> None:
    if similarity < lowest[owner]:
        lowest[owner] = similarity
    distance = squared_distance(similarity)
    at = nearest.shape[1] - 1
    if other == owner or distance >= distances[owner, at]:
        return
    while distances[owner, at - 1] > distance:  # stops at the item itself, which is at -1
        distances[owner, at] = distances[owner, at - 1]
        nearest[owner, at] = nearest[owner, at - 1]
        at -= 1
    distances[owner, at] = distance
    nearest[owner, at] = other
