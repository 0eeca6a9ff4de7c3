"""The entries nearest to vectors: one query through the index, many by multiplying with every feature."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from maskreid.gallery.errors import VanishedError, once_more, telling
from maskreid.gallery.filters import Filter
from maskreid.gallery.gallery import Gallery

FEW = 16  # queries up to which one search each beats reading every feature
BLOCK = 1024  # queries multiplied with a batch of entries at a time
EVERY = 1 << 20  # probes: more partitions than any index has

Vectors = npt.NDArray[np.float32]
Row = dict[str, Any]


class Nearest(Protocol):
    """How the nearest entries are found: `nearest` itself, or the same work done elsewhere."""

    def __call__(
        self,
        gallery: Gallery,
        vectors: Vectors,
        top: int,
        where: Filter | None = None,
        *,
        probes: int | None = None,
        columns: Sequence[str] = ("id",),
    ) -> list[list[Row]]:
        """See `nearest`."""
        ...


@dataclass(frozen=True)
class Best:
    """The best entries for Q queries, without what else is known of them.

    Attributes:
        scores: (Q, K) float32 similarities, the highest first; -inf where there are fewer than K.
        ids: (Q, K) str, None where there are fewer than K.
    """

    scores: Vectors
    ids: npt.NDArray[np.object_]

    def joined(self, other: Best, top: int) -> Best:
        """Return the best of both, at most ``top`` for each query; of equal ones, this one's come first."""
        scores = np.concatenate([self.scores, other.scores], axis=1)
        ids = np.concatenate([self.ids, other.ids], axis=1)
        kept = np.argsort(-scores, axis=1, kind="stable")[:, :top]
        return Best(np.take_along_axis(scores, kept, axis=1), np.take_along_axis(ids, kept, axis=1))

    @classmethod
    def none(cls, queries: int) -> Best:
        """Return no entries for each query."""
        return cls(np.empty((queries, 0), np.float32), np.empty((queries, 0), object))


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
    return rows_of(gallery, best_products(gallery.rows(["id", "feature"], where), vectors, top), columns)


def best_products(batches: Iterable[Any], vectors: Vectors, top: int) -> Best:
    """Multiply (Q, D) queries with every feature of Arrow batches that have ``id`` and ``feature``."""
    found = Best.none(len(vectors))
    for batch in batches:
        features, ids = matrix_of(batch["feature"]), np.array(batch["id"].to_pylist(), object)
        parts = []
        for start in range(0, len(vectors), BLOCK):
            products = vectors[start : start + BLOCK] @ features.T
            best = np.broadcast_to(np.arange(len(ids)), products.shape)
            if len(ids) > top:
                best = np.argpartition(products, len(ids) - top, axis=1)[:, -top:]
            parts.append(Best(np.take_along_axis(products, best, axis=1), ids[best]))
        if parts:
            these = Best(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("scores", "ids")))
            found = found.joined(these, top)
    return found


def rows_of(gallery: Gallery, best: Best, columns: Sequence[str]) -> list[list[Row]]:
    """Return some columns of the best entries, with their ``similarity``; what was removed meanwhile is left out."""
    found: dict[str, Row] = {}
    for part in gallery.look_up({str(id_) for id_ in best.ids.flat if id_ is not None}, {"id", *columns}):
        found |= {row["id"]: row for row in part.to_pylist()}
    return [
        [{**found[id_], "similarity": float(score)} for id_, score in zip(ids, scores, strict=True) if id_ in found]
        for ids, scores in zip(best.ids, best.scores, strict=True)
    ]


@once_more
def features_of(gallery: Gallery, ids: Iterable[str]) -> dict[str, Vectors]:
    """Return the feature of each entry, by its whole id.

    Raises:
        VanishedError: one of them is not there, or not any more.
    """
    wanted = sorted(set(ids))
    found: dict[str, Vectors] = {}
    for part in gallery.look_up(wanted, ("id", "feature")):
        matrix = matrix_of(part["feature"].combine_chunks())
        found |= dict(zip(part["id"].to_pylist(), matrix, strict=True))
    missing = [id_ for id_ in wanted if id_ not in found]
    if missing:
        raise VanishedError(f"{gallery.path}: there is no entry {missing[0]}; maskreid gallery list shows them")
    return found


@once_more
def all_features(gallery: Gallery, where: Filter | None) -> tuple[list[str], Vectors]:
    """Return the ids of the entries that ``where`` means, N of them, and their features, (N, D)."""
    batches = list(gallery.rows(["id", "feature"], where))
    none = np.empty((0, gallery.settings.dimension), np.float32)
    ids = [id_ for batch in batches for id_ in batch["id"].to_pylist()]
    return ids, np.concatenate([none, *(matrix_of(batch["feature"]) for batch in batches)])


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
