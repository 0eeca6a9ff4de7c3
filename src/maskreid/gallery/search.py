"""Who looks like this? Exact by default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from maskreid.errors import MaskreidError
from maskreid.gallery import shortlist
from maskreid.gallery.audit import log
from maskreid.gallery.errors import once_more
from maskreid.gallery.filters import Filter
from maskreid.gallery.gallery import ENTRY, Entry, Gallery, as_entry
from maskreid.gallery.nearest import Nearest, Row, Vectors, nearest
from maskreid.retrieval.features import UNIT_TOLERANCE


@dataclass(frozen=True)
class Hit:
    """One answer.

    Attributes:
        entry: the image that was found.
        similarity: cosine of its feature and the query's.
        probability: that this is the person, where the model is calibrated: of a query's best answer, for a person
            who is enrolled as likely as not. Of the others it says what it would be if they were the best.
    """

    entry: Entry
    similarity: float
    probability: float | None = None


def search(
    gallery: Gallery,
    vectors: Vectors,
    *,
    top: int = 10,
    where: Filter | None = None,
    probes: int | None = None,
    reranking: bool = False,
    find: Nearest = nearest,
    asked: str = "",
    card: Mapping[str, Any] | None = None,
) -> list[list[Hit]]:
    """Find the entries that are most like each query.

    Exact, unless ``probes`` says otherwise: the index is searched in all its partitions, and what was added since it
    was made is scanned. Many queries at once are multiplied with every feature instead, which is exact too.

    Args:
        gallery: where to look.
        vectors: (Q, D) float32 unit rows, from ``gallery.model().embed``.
        top: answers for each query, at most.
        where: which entries may answer.
        probes: look only into so many of the index's partitions, the nearest: faster, and may miss some. See
            `maskreid.gallery.recall`.
        reranking: re-order the best `shortlist.LENGTH` of each query by k-reciprocal neighbours; similarities stay.
        find: who does the work: this process, or a cluster (`maskreid.gallery.on_ray.nearest_on_ray`).
        asked: what the queries are, for the audit log.
        card: of the gallery's model, as for `Gallery.calibration`.

    Returns:
        For each query its answers, the most similar (or first re-ranked) first.

    Raises:
        MaskreidError: the vectors are of another dimension or length than 1, an argument is out of range, or the log
            that the gallery was created with cannot be written.
    """
    vectors = np.ascontiguousarray(vectors, np.float32)
    if vectors.ndim != 2 or vectors.shape[1] != gallery.settings.dimension:
        raise MaskreidError(
            f"{gallery.path}: expected queries of {gallery.settings.dimension} numbers, got shape {vectors.shape}"
        )
    lengths = np.linalg.norm(vectors, axis=1)
    if not (np.abs(lengths - 1) <= UNIT_TOLERANCE).all():  # nor NaN, which no comparison holds for
        raise MaskreidError("search: expected queries of length 1; divide each by its length, which must be finite")
    if top < 1 or (probes is not None and probes < 1):
        raise MaskreidError(f"search: expected top and probes of at least 1, got top {top} and probes {probes}")
    log(gallery, {"searched": asked, "queries": len(vectors), "where": where.sql if where else "", "top": top})
    found = _found(gallery, vectors, top, where, probes, reranking, find)
    calibration = gallery.calibration(card)
    entries = (gallery.count(where) if where else len(gallery)) if calibration else 0
    return [
        [
            Hit(
                as_entry(row),
                row["similarity"],
                float(calibration.probability(row["similarity"], entries)) if calibration else None,
            )
            for row in rows[:top]
        ]
        for rows in found
    ]


@once_more
def _found(
    gallery: Gallery,
    vectors: Vectors,
    top: int,
    where: Filter | None,
    probes: int | None,
    reranking: bool,
    find: Nearest,
) -> list[list[Row]]:
    wanted = max(top, shortlist.LENGTH) if reranking else top
    found = find(gallery, vectors, wanted, where, probes=probes, columns=ENTRY)
    if not reranking:
        return found
    short = shortlist.reranked(gallery, vectors, [rows[: shortlist.LENGTH] for rows in found], where, find=find)
    return [best + rows[shortlist.LENGTH :] for best, rows in zip(short, found, strict=True)]


def pooled(vectors: Vectors) -> Vectors:
    """Return one query made of several images of a person: their mean, of length 1, (1, D).

    Raises:
        MaskreidError: the images cancel out.
    """
    mean = vectors.mean(0, keepdims=True)
    length = float(np.linalg.norm(mean))
    if length < 1e-6:
        raise MaskreidError("the query images have opposite features, whose mean says nothing; search with fewer")
    return np.asarray(mean / length, np.float32)
