"""For each query: its correct matches, what of its identity is passed over, and why it is skipped if it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from maskreid.errors import MaskreidError
from maskreid.retrieval.features import Features, IntArray
from maskreid.retrieval.protocol import Protocol, has_identity

NO_IDENTITY = "query is junk or a distractor (identity -1 or 0)"
NOT_IN_GALLERY = "identity not in the gallery"
ONLY_SAME_CAMERA = "identity only in the same camera"
ONLY_ITSELF = "identity only in the query's own image"


@dataclass(frozen=True, eq=False)
class Relevant:
    """Gallery rows of each query's identity, query after query.

    Attributes:
        match_starts: (Q + 1,) int64; the matches of query row q are ``matches[match_starts[q]:match_starts[q + 1]]``.
        matches: (M,) int64 gallery rows, ascending for each query.
        easy_starts: (Q + 1,) int64, likewise for ``easy``.
        easy: gallery rows of the query's identity that the protocol passes over.
        skipped: query row -> why it has no correct match.
    """

    match_starts: IntArray
    matches: IntArray
    easy_starts: IntArray
    easy: IntArray
    skipped: dict[int, str]


def find_relevant(query: Features, gallery: Features, protocol: Protocol) -> Relevant:
    """Look up every query's identity in the gallery."""
    by_identity = np.argsort(gallery.identities, kind="stable")
    in_order = gallery.identities[by_identity]
    somebody = has_identity(query.identities)
    first = np.searchsorted(in_order, query.identities, side="left")
    counts = np.where(somebody, np.searchsorted(in_order, query.identities, side="right") - first, 0)
    rows = np.repeat(np.arange(len(query)), counts)
    within = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    same = by_identity[np.repeat(first, counts) + within]
    easy = protocol.too_easy(query, rows, gallery, same)
    matches_of = np.bincount(rows[~easy], minlength=len(query))
    only = only_easy(protocol)
    skipped = {
        int(row): NO_IDENTITY if not somebody[row] else only if counts[row] else NOT_IN_GALLERY
        for row in np.flatnonzero(matches_of == 0)
    }
    return Relevant(_starts(matches_of), same[~easy], _starts(counts - matches_of), same[easy], skipped)


def only_easy(protocol: Protocol) -> str:
    """Why a query is skipped all of whose identity the protocol passes over."""
    return ONLY_SAME_CAMERA if protocol.same_camera else ONLY_ITSELF


def nobody_to_find(queries: int, skipped: Mapping[int, str], protocol: Protocol) -> MaskreidError:
    """Return the error of a test in which every query is skipped."""
    reasons = "; ".join(f"{count}: {reason}" for reason, count in Counter(skipped.values()).items())
    return MaskreidError(
        f"all {queries} queries were skipped, none has a correct match under protocol {protocol.name} "
        f"({reasons}); look at identities and cameras, or at the protocol"
    )


def _starts(counts: IntArray) -> IntArray:
    return np.concatenate(([0], np.cumsum(counts)))
