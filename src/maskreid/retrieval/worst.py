"""The queries that a model fails at: where to look first."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from maskreid.errors import check_count
from maskreid.retrieval.features import Features
from maskreid.retrieval.metrics import Metrics


@dataclass(frozen=True, slots=True)
class WorstQuery:
    """One query and how late its right answers come.

    Attributes:
        row: of the query features.
        path: its image, or empty where features came without paths.
        identity: whom it shows.
        camera: which camera saw it.
        first_match: rank of the first right answer, from 1; the mean where a query is ranked several times.
        ap: rectangular average precision, a fraction of 1.
    """

    row: int
    path: str
    identity: int
    camera: int
    first_match: float
    ap: float

    def as_dict(self) -> dict[str, Any]:
        """What metrics.json holds: AP as a percentage."""
        return {**asdict(self), "first_match": round(self.first_match, 2), "ap": round(100 * self.ap, 2)}


def worst_queries(metrics: Metrics, query: Features, count: int) -> list[WorstQuery]:
    """Return the ``count`` evaluated queries with the lowest AP, the worst first; equal ones by their row.

    Raises:
        MaskreidError: ``count`` is negative.
    """
    check_count("worst queries", count, 0)
    rows = np.unique(metrics.queries)
    ap, first = metrics.by_query(metrics.ap), metrics.by_query(metrics.first_match)
    return [
        WorstQuery(
            row=int(rows[place]),
            path=query.paths[rows[place]] if query.paths else "",
            identity=int(query.identities[rows[place]]),
            camera=int(query.cameras[rows[place]]),
            first_match=float(first[place]),
            ap=float(ap[place]),
        )
        for place in np.argsort(ap, kind="stable")[:count]
    ]
