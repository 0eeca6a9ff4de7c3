"""Each query's best similarity with every person: what draws of who is enrolled are made from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from maskreid.errors import MaskreidError
from maskreid.progress import Progress, silent
from maskreid.retrieval.blocks import Block, in_blocks
from maskreid.retrieval.evaluate import check_comparable
from maskreid.retrieval.features import JUNK, Features, IntArray
from maskreid.retrieval.products import products
from maskreid.retrieval.protocol import MARKET1501, Protocol, has_identity
from maskreid.retrieval.relevant import find_relevant


@dataclass(frozen=True, eq=False)
class IdentityScores:
    """Q queries against P people; of junk there is nothing here.

    Attributes:
        best: (Q, P) float32, the similarity of a query's best image of a person; -inf where every image of the
            query's own person is passed over.
        people: (P,) int64 identities, ascending; distractors, identity 0, are one of them.
        sizes: (P,) int64, how many images of each are in the gallery.
        asked: (Q,) int64, the queries' identities.
        own: (Q,) int64, the column of a query's own person; -1 where the gallery does not have them.
    """

    best: NDArray[np.float32]
    people: IntArray
    sizes: IntArray
    asked: IntArray
    own: IntArray

    @property
    def findable(self) -> NDArray[np.bool_]:
        """(Q,) bool, whether the gallery has an image of a query's own person that is not passed over."""
        found = self.own >= 0
        found[found] = self.best[np.flatnonzero(found), self.own[found]] > -np.inf
        return found


def identity_scores(
    query: Features,
    gallery: Features,
    protocol: Protocol = MARKET1501,
    *,
    device: str | None = None,
    progress: Progress = silent,
) -> IdentityScores:
    """Find each query's best image of every person.

    Args:
        query: Q images; junk and distractors among them do not ask.
        gallery: G images.
        protocol: says what of the query's own person is passed over.
        device: as for `maskreid.retrieval.evaluate`.
        progress: told about every block of queries.

    Raises:
        MaskreidError: the features do not fit each other or the protocol, or nobody asks.
    """
    check_comparable(query, gallery)
    protocol.check(query, gallery)
    query = query.take(np.flatnonzero(has_identity(query.identities)))
    order = np.argsort(gallery.identities, kind="stable")
    gallery = gallery.take(order[gallery.identities[order] != JUNK])
    if not len(query) or not len(gallery):
        raise MaskreidError(
            "expected at least one query of a person (identity 1 or more) and one gallery image that is not junk, "
            f"got {len(query)} and {len(gallery)}; look at the identities"
        )
    people, starts, sizes = np.unique(gallery.identities, return_index=True, return_counts=True)
    relevant = find_relevant(query, gallery, protocol)
    best = np.empty((len(query), len(people)), np.float32)

    def reduce(start: int, stop: int, block: Block) -> None:
        counts = np.diff(relevant.easy_starts[start : stop + 1])
        easy = relevant.easy[relevant.easy_starts[start] : relevant.easy_starts[stop]]
        block[np.repeat(np.arange(stop - start), counts), easy] = -np.inf
        np.maximum.reduceat(block, starts, axis=1, out=best[start:stop])

    fill = products(query.vectors, gallery.vectors, device)
    in_blocks(
        len(query), len(gallery), np.dtype(np.float32), fill, reduce, what="similarities of people", progress=progress
    )
    own = np.searchsorted(people, query.identities).clip(max=len(people) - 1)
    own = np.where(people[own] == query.identities, own, -1)
    return IdentityScores(best, people, sizes, query.identities, own)
