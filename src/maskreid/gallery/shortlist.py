"""The best answers put into a new order: who shares whose neighbours in the gallery?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from maskreid.gallery.filters import Filter
from maskreid.gallery.gallery import Gallery
from maskreid.gallery.nearest import Nearest, Row, Vectors, features_of, nearest
from maskreid.retrieval import Features, rerank
from maskreid.retrieval.rerank import K1

LENGTH = 100  # answers that are re-ranked


def reranked(
    gallery: Gallery,
    vectors: Vectors,
    found: Sequence[list[Row]],
    where: Filter | None = None,
    *,
    find: Nearest = nearest,
) -> list[list[Row]]:
    """Return each query's answers in the order of their k-reciprocal distances.

    A query's answers and the `K1` nearest entries of each are re-ranked together, so that every answer has the
    neighbours it has in the gallery; only their neighbours' neighbours are cut off. Where that is the whole gallery,
    the order is that of `maskreid.retrieval.rerank`.

    Args:
        gallery: where they were found.
        vectors: (Q, D) float32 unit rows.
        found: their answers, with ``id``.
        where: which entries may be neighbours.
        find: how neighbours are found.
    """
    listed = sorted({row["id"] for rows in found for row in rows})
    if not listed:
        return list(found)
    features = features_of(gallery, listed)
    near = find(gallery, np.stack([features[id_] for id_ in listed]), K1 + 1, where)
    around = {id_: [row["id"] for row in rows] for id_, rows in zip(listed, near, strict=True)}
    features |= features_of(gallery, {id_ for ids in around.values() for id_ in ids})
    answers = []
    for vector, rows in zip(vectors, found, strict=True):
        ids = sorted({id_ for row in rows for id_ in (row["id"], *around[row["id"]])})
        if ids:
            everyone = _features(np.stack([features[id_] for id_ in ids]))
            distances = dict(
                zip(ids, rerank(_features(vector[None]), everyone, K1).rows(np.array([0]))[0], strict=True)
            )
            rows = sorted(rows, key=lambda row: float(distances[row["id"]]))
        answers.append(rows)
    return answers


def _features(vectors: npt.NDArray[np.float32]) -> Features:
    nobody = np.zeros(len(vectors), np.int64)
    return Features.normalised(vectors, nobody, nobody)
