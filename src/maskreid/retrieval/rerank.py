"""k-reciprocal re-ranking (Zhong et al., CVPR 2017), as its authors' code computes it.

What that code does and its paper does not say, kept here on purpose, each with a test:

* queries and the whole gallery, junk and distractors included, are one set of N items and one another's
  neighbours;
* distances are squared Euclidean, and each item's row is divided by its maximum;
* the item itself is its own first neighbour, so "k" neighbours are k + 1 items;
* the candidates' half-sized sets use k1 / 2 rounded half to even;
* equal distances rank in the order of the items, queries first, as a stable sort puts them;
* a candidate's set joins if strictly more than 2/3 of it is shared; expansion is not iterated;
* an item's weights exp(-d) are divided by their sum;
* query expansion averages the first k2 items, the item itself included, and is left out for k2 = 1.
"""

from __future__ import annotations

import numpy as np

from maskreid.errors import MaskreidError
from maskreid.progress import Progress, silent
from maskreid.retrieval.encoding import average, encode
from maskreid.retrieval.evaluate import check_comparable
from maskreid.retrieval.features import Features, FloatArray
from maskreid.retrieval.neighbours import Search, exact_search
from maskreid.retrieval.reranked import RerankedDistances
from maskreid.retrieval.sparse_rows import SparseRows, first_rows

K1, K2, LAMBDA = 20, 6, 0.3  # as published


def rerank(
    query: Features,
    gallery: Features,
    k1: int = K1,
    k2: int = K2,
    lambda_: float = LAMBDA,
    *,
    search: Search = exact_search,
    progress: Progress = silent,
) -> RerankedDistances:
    """Re-rank the gallery for every query by who shares whose neighbours.

    Time grows with N x N, N = Q + G, for the search of neighbours and with N for the rest. Memory grows with N x k1;
    N x N is never held. Only neighbours that exist count, so k1 may exceed N.

    Args:
        query: the queries.
        gallery: the gallery.
        k1: neighbours that must be mutual.
        k2: neighbours whose encodings are averaged.
        lambda_: weight of the original distance; 1 - lambda_ goes to the Jaccard distance.
        search: finds the neighbours: `exact_search`, or another that the caller answers for.
        progress: told about the search of neighbours, which takes nearly all of the time.

    Raises:
        MaskreidError: a parameter is out of range, or the features do not fit each other.
    """
    from maskreid.retrieval.jaccard_kernels import invert

    check_parameters(k1, k2, lambda_)
    check_comparable(query, gallery)
    encoding, largest = _encoded(np.concatenate((query.vectors, gallery.vectors)), k1, k2, search, progress)
    count = len(query)
    return RerankedDistances(
        query, gallery, first_rows(encoding, count), invert(encoding, count), largest[:count], lambda_
    )


def rerank_among(
    items: Features,
    k1: int = K1,
    k2: int = K2,
    lambda_: float = LAMBDA,
    *,
    progress: Progress = silent,
) -> RerankedDistances:
    """Re-rank a set for each of its own items: they are queries and gallery at once, and yet N items, not 2 N.

    Args:
        items: the set.
        k1: as for `rerank`, like all that follows.
        k2: as for `rerank`.
        lambda_: as for `rerank`.
        progress: as for `rerank`.

    Raises:
        MaskreidError: a parameter is out of range, or there are no items.
    """
    from maskreid.retrieval.jaccard_kernels import invert

    check_parameters(k1, k2, lambda_)
    check_comparable(items, items)
    encoding, largest = _encoded(items.vectors, k1, k2, exact_search, progress)
    return RerankedDistances(items, items, encoding, invert(encoding, 0), largest, lambda_)


def check_parameters(k1: int, k2: int, lambda_: float) -> None:
    """Refuse parameters of `rerank` that are out of range, whatever the features are.

    Raises:
        MaskreidError: one is.
    """
    if k1 < 1 or k2 < 1 or not 0 <= lambda_ <= 1:
        raise MaskreidError(f"rerank: expected k1 >= 1, k2 >= 1 and 0 <= lambda_ <= 1, got {k1}, {k2}, {lambda_}")


def _encoded(
    vectors: FloatArray, k1: int, k2: int, search: Search, progress: Progress
) -> tuple[SparseRows, FloatArray]:
    """Return V after query expansion, N rows, and each item's largest squared distance."""
    neighbours = search(vectors, min(max(k1 + 1, k2), len(vectors)), progress)
    encoding = encode(vectors, neighbours, k1)
    del vectors  # of query and gallery, the largest thing here, and held by nobody else
    return (average(encoding, neighbours, k2) if k2 > 1 else encoding), neighbours.largest
