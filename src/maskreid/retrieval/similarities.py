"""How alike images of one person are, and images of different people: all similarities of a test, counted."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock

import numpy as np

from maskreid.errors import MaskreidError, check_count
from maskreid.progress import Progress, silent
from maskreid.retrieval.blocks import Block, in_blocks
from maskreid.retrieval.evaluate import check_comparable
from maskreid.retrieval.features import JUNK, Features, IntArray
from maskreid.retrieval.products import products
from maskreid.retrieval.protocol import MARKET1501, Protocol, has_identity
from maskreid.retrieval.relevant import find_relevant

BINS = 200  # from -1 to 1


@dataclass(frozen=True, eq=False)
class Similarities:
    """Counts of cosine similarities of queries with gallery images.

    Attributes:
        edges: (B + 1,) float64, from -1 to 1; bin b holds similarities from edges[b] to edges[b + 1].
        same: (B,) int64, of a query with its correct matches.
        different: (B,) int64, of a query with wrong answers, distractors included.
    """

    edges: np.ndarray
    same: IntArray
    different: IntArray


def similarities(
    query: Features,
    gallery: Features,
    protocol: Protocol = MARKET1501,
    *,
    bins: int = BINS,
    device: str | None = None,
    progress: Progress = silent,
) -> Similarities:
    """Count the similarities that a protocol's rankings are made of; what it passes over is not counted.

    Args:
        query: Q images; junk and distractors among them have no ranking.
        gallery: G images.
        protocol: says what is a correct match and what is passed over.
        bins: of equal width, from -1 to 1.
        device: as for `maskreid.retrieval.evaluate`.
        progress: told about every block of queries.

    Raises:
        MaskreidError: the features do not fit each other or the protocol, no query names anybody, or there is no bin.
    """
    check_count("similarities: bins", bins)
    check_comparable(query, gallery)
    protocol.check(query, gallery)
    query = query.take(np.flatnonzero(has_identity(query.identities)))
    if not len(query):
        raise MaskreidError("similarities: no query names a person, so there are no pairs to count")
    relevant = find_relevant(query, gallery, protocol)
    junk = np.flatnonzero(gallery.identities == JUNK)
    counted = np.zeros((3, bins), np.int64)  # all, correct, passed over
    lock = Lock()

    def count(start: int, stop: int, block: Block) -> None:
        places = ((block + 1) * (bins / 2)).astype(np.int32).clip(0, bins - 1)
        own = np.zeros_like(counted)
        own[0] = np.bincount(places.ravel(), minlength=bins)
        own[2] = np.bincount(places[:, junk].ravel(), minlength=bins)
        for kind, starts, rows in (
            (1, relevant.match_starts, relevant.matches),
            (2, relevant.easy_starts, relevant.easy),
        ):
            sizes = np.diff(starts[start : stop + 1])
            chosen = rows[starts[start] : starts[stop]]
            own[kind] += np.bincount(places[np.repeat(np.arange(stop - start), sizes), chosen], minlength=bins)
        with lock:
            counted[:] += own

    fill = products(query.vectors, gallery.vectors, device)
    in_blocks(len(query), len(gallery), np.dtype(np.float32), fill, count, what="similarities", progress=progress)
    everything, same, passed_over = counted
    return Similarities(np.linspace(-1, 1, bins + 1), same, everything - same - passed_over)
