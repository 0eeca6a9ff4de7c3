"""The entries nearest to vectors: one query through the index, many by multiplying with every feature."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from maskreid.errors import MaskreidError
from maskreid.gallery.errors import telling
from maskreid.gallery.filters import Filter
from maskreid.gallery.gallery import Gallery
from maskreid.gallery.schema import quoted

FEW = 16  # queries up to which one search each beats reading every feature
BLOCK = 1024  # queries multiplied with a batch of entries at a time; ids looked up together
EVERY = 1 << 20  # probes: more partitions than any index has

Vectors = npt.NDArray[np.float32]
Row = dict[str, Any]


def nearest(
    gallery: Gallery,
    vectors: Vectors,
    top: int,
    where: Filter | None = None,
    *,
    probes: int | None = None,
    columns: Sequence[str] = ("id",),
) -> list[list[Row]]:
    """Return for each of (Q, D) unit vectors the nearest entries with their ``similarity``, the most similar first.

    Exact, unless ``probes`` limits how many of the index's partitions are looked into. Of equal similarities, either
    may come first.
    """
    if len(vectors) <= FEW or probes is not None:
        return [_through_index(gallery, vector, top, where, probes, columns) for vector in vectors]
    return _with_every_feature(gallery, vectors, top, where, columns)


def features_of(gallery: Gallery, ids: Iterable[str]) -> dict[str, Vectors]:
    """Return the feature of each entry, by its whole id.

    Raises:
        MaskreidError: one of them is not there.
    """
    wanted = sorted(set(ids))
    found: dict[str, Vectors] = {}
    for part in _read(gallery, wanted, ("id", "feature")):
        matrix = matrix_of(part["feature"].combine_chunks())
        found |= dict(zip(part["id"].to_pylist(), matrix, strict=True))
    missing = [id_ for id_ in wanted if id_ not in found]
    if missing:
        raise MaskreidError(f"{gallery.path}: there is no entry {missing[0]}; maskreid gallery list shows them")
    return found


def matrix_of(column: Any) -> Vectors:
    """Return an Arrow array of N features as (N, D) float32."""
    matrix: Vectors = column.flatten().to_numpy(zero_copy_only=False).reshape(len(column), column.type.list_size)
    return matrix


def _through_index(
    gallery: Gallery, vector: Vectors, top: int, where: Filter | None, probes: int | None, columns: Sequence[str]
) -> list[Row]:
    with telling(gallery.path):
        query = gallery.table.search(vector, vector_column_name="feature").distance_type("dot")
        query = query.nprobes(probes or EVERY)
        if where and where.sql:
            query = query.where(where.sql, prefilter=True)
        rows = query.select([*columns, "_distance"]).limit(top).to_arrow().to_pylist()
    for row in rows:
        row["similarity"] = 1 - row.pop("_distance")
    return sorted(rows, key=lambda row: -row["similarity"])


def _with_every_feature(
    gallery: Gallery, vectors: Vectors, top: int, where: Filter | None, columns: Sequence[str]
) -> list[list[Row]]:
    scores = np.full((len(vectors), top), -np.inf, np.float32)
    places = np.full((len(vectors), top), -1, np.int64)
    ids: list[str] = []
    for batch in gallery.rows(["id", "feature"], where):
        features = matrix_of(batch["feature"])
        for start in range(0, len(vectors), BLOCK):
            rows = slice(start, start + BLOCK)
            products = vectors[rows] @ features.T
            best = np.broadcast_to(np.arange(products.shape[1]), products.shape)
            if products.shape[1] > top:
                best = np.argpartition(products, products.shape[1] - top, axis=1)[:, -top:]
            together = np.concatenate([scores[rows], np.take_along_axis(products, best, axis=1)], axis=1)
            numbers = np.concatenate([places[rows], best + len(ids)], axis=1)
            kept = np.argsort(-together, axis=1, kind="stable")[:, :top]
            scores[rows] = np.take_along_axis(together, kept, axis=1)
            places[rows] = np.take_along_axis(numbers, kept, axis=1)
        ids += batch["id"].to_pylist()
    found: dict[str, Row] = {}
    for part in _read(gallery, [ids[place] for place in np.unique(places[places >= 0])], columns):
        found |= {row["id"]: row for row in part.to_pylist()}
    return [
        [
            {**found[ids[place]], "similarity": float(score)}
            for place, score in zip(line, marks, strict=True)
            if place >= 0 and ids[place] in found  # unless it was removed in between
        ]
        for line, marks in zip(places, scores, strict=True)
    ]


def _read(gallery: Gallery, ids: Sequence[str], columns: Sequence[str]) -> Iterable[Any]:
    """Yield Arrow tables of the entries that are there, in no order."""
    for start in range(0, len(ids), BLOCK):
        with telling(gallery.path):
            wanted = f"id IN ({quoted(ids[start : start + BLOCK])})"
            yield gallery.table.to_lance().scanner(columns=list(columns), filter=wanted).to_table()
