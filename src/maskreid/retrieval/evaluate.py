"""Rank the gallery for every query and judge the rankings."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from maskreid.errors import MaskreidError
from maskreid.progress import Progress, silent
from maskreid.retrieval.average_precision import (
    average_precisions,
    average_precisions_trapezoid,
    inverse_negative_penalties,
)
from maskreid.retrieval.blocks import Block, Task, in_blocks
from maskreid.retrieval.features import JUNK, Features
from maskreid.retrieval.metrics import Metrics
from maskreid.retrieval.products import products
from maskreid.retrieval.protocol import MARKET1501, Protocol
from maskreid.retrieval.ranks import sort_within
from maskreid.retrieval.relevant import find_relevant, nobody_to_find

JUNK_WORTH_A_COPY = 0.1  # of the gallery


def evaluate(
    query: Features,
    gallery: Features,
    protocol: Protocol = MARKET1501,
    *,
    device: str | None = None,
    progress: Progress = silent,
) -> Metrics:
    """Rank the gallery by cosine similarity for each query; CMC, mAP (both definitions) and mINP.

    Equal similarities rank in the order of the gallery; those of equal rows are equal up to rounding, which some
    processors do differently from column to column. Queries without a correct match are left out of every
    mean and listed with the reason. Memory: a block of queries by the gallery, never the whole matrix.

    Args:
        query: Q images, each searched for.
        gallery: G images, all searched.
        protocol: what a ranking passes over; Market-1501's by default.
        device: where similarities are computed: None here, with NumPy; "cuda" and so on with torch. Ranks are
            counted here.
        progress: told about every block of queries.

    Raises:
        MaskreidError: no query, no gallery image, features of different sizes or models, no query with a
            correct match, or no such device.
    """
    check_comparable(query, gallery)
    protocol.check(query, gallery)
    searched = _without_junk(gallery)
    fill = products(query.vectors, searched.vectors, device)
    metrics = judge_blocks(fill, np.dtype(np.float32), query, searched, protocol, progress)
    return replace(metrics, gallery_size=len(gallery))


def evaluate_distances(
    distances: ArrayLike, query: Features, gallery: Features, protocol: Protocol = MARKET1501
) -> Metrics:
    """Judge the rankings of a ready matrix of distances, (Q, G), smaller meaning more alike; else as `evaluate`.

    Raises:
        MaskreidError: also for a matrix of another shape, or one that holds NaN or infinity.
    """
    check_comparable(query, gallery)
    protocol.check(query, gallery)
    matrix = np.asarray(distances)
    if matrix.shape != (len(query), len(gallery)) or matrix.dtype.kind not in "fiu":
        raise MaskreidError(
            f"distances: expected real numbers of shape ({len(query)}, {len(gallery)}), one row per query; "
            f"got {matrix.dtype} of shape {matrix.shape}"
        )

    def fill(start: int, stop: int, block: Block) -> None:
        np.negative(matrix[start:stop], out=block, dtype=block.dtype)
        if not (np.isfinite(block.min()) and np.isfinite(block.max())):  # NaN is the smallest of any that hold it
            odd = np.flatnonzero(~np.isfinite(block).all(axis=1))
            raise MaskreidError(f"distances: row {start + odd[0]} holds NaN or infinity")

    dtype = np.result_type(matrix.dtype, np.float32)
    longest = np.dtype(np.float64)  # that kernels are compiled for
    return judge_blocks(fill, dtype if dtype.itemsize <= longest.itemsize else longest, query, gallery, protocol)


def check_comparable(query: Features, gallery: Features) -> None:
    """Refuse query and gallery (or boxes) that hold nothing or cannot be compared.

    Raises:
        MaskreidError: one is empty, or they have different lengths or models.
    """
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


def judge_blocks(
    fill: Task,
    dtype: np.dtype[np.floating],
    query: Features,
    gallery: Features,
    protocol: Protocol,
    progress: Progress = silent,
) -> Metrics:
    """Judge the rankings by similarities that are made a block at a time.

    Args:
        fill: ``fill(start, stop, block)`` writes the finite similarities of the query rows start to stop, larger
            meaning more alike, into ``block`` (stop - start, G).
        dtype: of ``block``.
        query: Q images.
        gallery: G images.
        protocol: what a ranking passes over; it has checked the features.
        progress: told about every block.

    Raises:
        MaskreidError: no query has a correct match.
    """
    from maskreid.retrieval.count_kernels import count_ranks

    relevant = find_relevant(query, gallery, protocol)
    if not len(relevant.matches):
        raise nobody_to_find(len(query), relevant.skipped, protocol)
    junk = np.flatnonzero(gallery.identities == JUNK)
    ranks = np.empty(len(relevant.matches), dtype=np.int64)

    def count(start: int, stop: int, block: Block) -> None:
        match_starts, easy_starts = relevant.match_starts[start : stop + 1], relevant.easy_starts[start : stop + 1]
        count_ranks(block, junk, match_starts, relevant.matches, easy_starts, relevant.easy, ranks)

    in_blocks(len(query), len(gallery), dtype, fill, count, what="ranking", progress=progress)
    queries = np.flatnonzero(np.diff(relevant.match_starts))
    starts = relevant.match_starts[queries]
    ranks = sort_within(ranks, starts)
    return Metrics(
        protocol=protocol,
        gallery_size=len(gallery),
        queries=queries,
        first_match=ranks[starts] + 1,
        ap=average_precisions(ranks, starts),
        ap_trapezoid=average_precisions_trapezoid(ranks, starts),
        inp=inverse_negative_penalties(ranks, starts),
        skipped=relevant.skipped,
    )


def _without_junk(gallery: Features) -> Features:
    """Leave out what every ranking passes over, if it is enough to be worth a copy: a fifth of Market-1501 is."""
    keep = gallery.identities != JUNK
    if keep.mean() > 1 - JUNK_WORTH_A_COPY:
        return gallery
    return replace(
        gallery,
        vectors=gallery.vectors[keep],
        identities=gallery.identities[keep],
        cameras=gallery.cameras[keep],
        paths=tuple(path for path, kept in zip(gallery.paths, keep, strict=False) if kept),
    )
