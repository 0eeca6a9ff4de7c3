"""A query moved towards what was right and away from what was wrong."""

from __future__ import annotations

import numpy as np

from maskreid.errors import MaskreidError
from maskreid.gallery.nearest import Vectors

# Manning, Raghavan & Schütze, Introduction to Information Retrieval (2008), 9.1.1: what was right says more.
QUERY, RIGHT, WRONG = 1.0, 0.75, 0.15


def refined(query: Vectors | None, right: Vectors, wrong: Vectors) -> Vectors:
    """Return the query after Rocchio's relevance feedback (1971), on unit vectors, (1, D) float32 of length 1.

    ``QUERY * query + RIGHT * mean(right) - WRONG * mean(wrong)``, a mean of none being 0, made unit again.

    Args:
        query: (1, D) unit row; None asks for what is like ``right`` alone.
        right: (N, D) unit rows of answers that are the person.
        wrong: (M, D) unit rows of answers that are not.

    Raises:
        MaskreidError: there is neither a query nor a right answer, or they cancel out.
    """
    if query is None and not len(right):
        raise MaskreidError("a query needs an image, or an entry that is like it; only unlike ones were given")
    sum_ = np.zeros((1, (right if query is None else query).shape[1]), np.float64)
    if query is not None:
        sum_ += QUERY * query
    if len(right):
        sum_ += RIGHT * right.mean(0)
    if len(wrong):
        sum_ -= WRONG * wrong.mean(0)
    length = float(np.linalg.norm(sum_))
    if length < 1e-6:
        raise MaskreidError("what is alike and what is not cancel out; take one of them back")
    return np.asarray(sum_ / length, np.float32)
