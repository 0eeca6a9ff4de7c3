"""Rank the gallery for every query and judge the rankings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from maskreid.errors import MaskreidError
from maskreid.retrieval.average_precision import (
    average_precision,
    average_precision_trapezoid,
    inverse_negative_penalty,
)
from maskreid.retrieval.features import JUNK, Features, IntArray
from maskreid.retrieval.metrics import Metrics
from maskreid.retrieval.protocol import MARKET1501, Protocol, has_identity
from maskreid.retrieval.ranks import match_ranks

BLOCK_BYTES = 32 << 20  # similarities held at a time: small enough for a laptop, large enough for a fast product

NO_IDENTITY = "query is junk or a distractor (identity -1 or 0)"
NOT_IN_GALLERY = "identity not in the gallery"
ONLY_SAME_CAMERA = "identity only in the same camera"
ONLY_ITSELF = "identity only in the query's own image"


def evaluate(query: Features, gallery: Features, protocol: Protocol = MARKET1501) -> Metrics:
    """Rank the gallery by cosine similarity for each query; CMC, mAP (both definitions) and mINP.

    Equal similarities rank in the order of the gallery. Queries without a correct match are left out of every
    mean and listed with the reason. Memory: a block of queries by the gallery, never the whole matrix.

    Args:
        query: Q images, each searched for.
        gallery: G images, all searched.
        protocol: what a ranking passes over; Market-1501's by default.

    Raises:
        MaskreidError: no query, no gallery image, features of different sizes or models, or no query with a
            correct match.
    """
    check_comparable(query, gallery)
    return _judge(lambda start, stop: query.vectors[start:stop] @ gallery.vectors.T, query, gallery, protocol)


def evaluate_distances(
    distances: ArrayLike, query: Features, gallery: Features, protocol: Protocol = MARKET1501
) -> Metrics:
    """Judge the rankings of a ready matrix of distances, (Q, G), smaller meaning more alike; else as `evaluate`.

    Raises:
        MaskreidError: also for a matrix of another shape, or one that holds NaN or infinity.
    """
    check_comparable(query, gallery)
    matrix = np.asarray(distances)
    if matrix.shape != (len(query), len(gallery)) or matrix.dtype.kind not in "fiu":
        raise MaskreidError(
            f"distances: expected real numbers of shape ({len(query)}, {len(gallery)}), one row per query; "
            f"got {matrix.dtype} of shape {matrix.shape}"
        )

    def similarities(start: int, stop: int) -> NDArray[np.floating]:
        block = -matrix[start:stop].astype(np.result_type(matrix.dtype, np.float32))
        odd = np.flatnonzero(~np.isfinite(block).all(axis=1))
        if odd.size:
            raise MaskreidError(f"distances: row {start + odd[0]} holds NaN or infinity")
        return block

    return _judge(similarities, query, gallery, protocol)


def check_comparable(query: Features, gallery: Features) -> None:
    """Refuse query and gallery (or boxes) that hold nothing or cannot be compared."""
    for what, features in (("query", query), ("gallery", gallery)):
        if not len(features):
            raise MaskreidError(f"no {what} images: a ranking needs at least one")
    if query.vectors.shape[1] != gallery.vectors.shape[1]:
        raise MaskreidError(
            f"query features have {query.vectors.shape[1]} numbers a row, gallery features "
            f"{gallery.vectors.shape[1]}: make both with one model"
        )
    if query.model and gallery.model and query.model != gallery.model:
        raise MaskreidError(
            f"query features were made by model {query.model}, gallery features by {gallery.model}: "
            "make both with one"
        )


def _judge(
    similarities: Callable[[int, int], NDArray[np.floating]],
    query: Features,
    gallery: Features,
    protocol: Protocol,
) -> Metrics:
    protocol.check(query, gallery)
    matches, passed_over, skipped = _relevant(query, gallery, protocol)
    if not matches:
        reasons = "; ".join(f"{count}: {reason}" for reason, count in Counter(skipped.values()).items())
        raise MaskreidError(
            f"all {len(query)} queries were skipped, none has a correct match under protocol {protocol.name} "
            f"({reasons}); look at identities and cameras, or at the protocol"
        )
    junk = np.flatnonzero(gallery.identities == JUNK)
    ranks: list[IntArray] = []
    step = max(1, BLOCK_BYTES // (4 * len(gallery)))
    for start in range(0, len(query), step):
        stop = min(start + step, len(query))
        block = similarities(start, stop)
        block[:, junk] = -np.inf
        for row in range(start, stop):
            if row in matches:
                block[row - start, passed_over[row]] = -np.inf
                ranks.append(match_ranks(block[row - start], matches[row]))
    return Metrics(
        protocol=protocol,
        gallery_size=len(gallery),
        queries=np.array(list(matches), dtype=np.int64),
        first_match=np.array([each[0] + 1 for each in ranks], dtype=np.int64),
        ap=np.array([average_precision(each) for each in ranks]),
        ap_trapezoid=np.array([average_precision_trapezoid(each) for each in ranks]),
        inp=np.array([inverse_negative_penalty(each) for each in ranks]),
        skipped=skipped,
    )


def _relevant(
    query: Features, gallery: Features, protocol: Protocol
) -> tuple[dict[int, IntArray], dict[int, IntArray], dict[int, str]]:
    """By query row: its correct matches; what of its identity is passed over; why it is skipped."""
    by_identity = np.argsort(gallery.identities, kind="stable")
    in_order = gallery.identities[by_identity]
    first = np.searchsorted(in_order, query.identities, side="left")
    last = np.searchsorted(in_order, query.identities, side="right")
    matches: dict[int, IntArray] = {}
    passed_over: dict[int, IntArray] = {}
    skipped: dict[int, str] = {}
    for row in range(len(query)):
        same = by_identity[first[row] : last[row]]
        if not has_identity(int(query.identities[row])):
            skipped[row] = NO_IDENTITY
            continue
        if not len(same):
            skipped[row] = NOT_IN_GALLERY
            continue
        easy = protocol.too_easy(query, row, gallery, same)
        if easy.all():
            skipped[row] = ONLY_SAME_CAMERA if protocol.same_camera else ONLY_ITSELF
            continue
        matches[row], passed_over[row] = same[~easy], same[easy]
    return matches, passed_over, skipped
