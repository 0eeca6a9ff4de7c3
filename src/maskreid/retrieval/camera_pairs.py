"""Rank-1 and mAP from each camera to each other: which views a model cannot match."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskreid.errors import MaskreidError
from maskreid.retrieval.evaluate import check_comparable, evaluate
from maskreid.retrieval.features import Features, IntArray
from maskreid.retrieval.protocol import MARKET1501, Protocol, has_identity


@dataclass(frozen=True, eq=False)
class CameraPairs:
    """A table of query cameras (rows, A) by gallery cameras (columns, B).

    Attributes:
        query_cameras: (A,) int64, ascending.
        gallery_cameras: (B,) int64, ascending.
        queries: (A, B) int64, how many queries a cell is the mean of.
        rank1: (A, B) float64, fractions of 1; NaN where there is no query.
        map: (A, B) float64, rectangular; NaN where there is no query.
    """

    query_cameras: IntArray
    gallery_cameras: IntArray
    queries: IntArray
    rank1: NDArray[np.float64]
    map: NDArray[np.float64]

    def as_list(self) -> list[dict[str, Any]]:
        """What metrics.json holds: one entry for each pair that has queries, percentages with two decimals."""
        return [
            {
                "query_camera": int(self.query_cameras[a]),
                "gallery_camera": int(self.gallery_cameras[b]),
                "queries": int(self.queries[a, b]),
                "rank1": round(100 * float(self.rank1[a, b]), 2),
                "map": round(100 * float(self.map[a, b]), 2),
            }
            for a, b in np.argwhere(self.queries)
        ]


def camera_pairs(query: Features, gallery: Features, protocol: Protocol = MARKET1501) -> CameraPairs:
    """Judge every pair of a query camera and a gallery camera on its own.

    In the cell (a, b) the queries of camera a look for the images of their person that camera b took. Images of that
    person by other cameras are passed over, as junk is; everybody else stays in the gallery, whatever the camera.
    As Market-1501's own code counts (``compute_AP_multiCam.m``), but with the rectangular AP, and without its cells
    of one camera with itself. A query without an image by camera b is not in the cell's mean.

    Args:
        query: Q images, each searched for.
        gallery: G images, all searched.
        protocol: what a ranking passes over besides.

    Raises:
        MaskreidError: as `evaluate`, or no pair of cameras has a query with a correct match.
    """
    check_comparable(query, gallery)
    protocol.check(query, gallery)
    rows, columns = np.unique(query.cameras), np.unique(gallery.cameras)
    count = np.zeros((len(rows), len(columns)), dtype=np.int64)
    rank1, ap = np.zeros(count.shape), np.zeros(count.shape)
    for column, camera in enumerate(columns):
        asking = _answered_by(int(camera), query, gallery, protocol)
        if not asking.size:
            continue
        some = query.take(asking)
        metrics = evaluate(some, gallery, replace(protocol, answers_from=int(camera)))
        row = np.searchsorted(rows, some.cameras[metrics.queries])
        count[:, column] = np.bincount(row, minlength=len(rows))
        rank1[:, column] = np.bincount(row, metrics.first_match == 1, minlength=len(rows))
        ap[:, column] = np.bincount(row, metrics.ap, minlength=len(rows))
    used = count.any(axis=1), count.any(axis=0)
    if not count.any():
        raise MaskreidError("camera pairs: no query has a correct match by any camera")
    with np.errstate(invalid="ignore"):
        rank1, ap = rank1 / count, ap / count
    cells = np.ix_(*used)
    return CameraPairs(rows[used[0]], columns[used[1]], count[cells], rank1[cells], ap[cells])


def _answered_by(camera: int, query: Features, gallery: Features, protocol: Protocol) -> IntArray:
    """Rows of the queries that have a correct match by one camera."""
    there = np.flatnonzero(gallery.cameras == camera)
    both = np.intersect1d(query.identities, gallery.identities[there])
    rows_of = {
        identity: there[gallery.identities[there] == identity] for identity in both[has_identity(both)].tolist()
    }
    return np.array(
        [
            row
            for row, identity in enumerate(query.identities.tolist())
            if identity in rows_of and not protocol.too_easy(query, row, gallery, rows_of[identity]).all()
        ],
        dtype=np.int64,
    )
