"""Who might be the same person: groups of entries, for people to confirm."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from maskreid.errors import MaskreidError
from maskreid.gallery.errors import telling
from maskreid.gallery.filters import Filter
from maskreid.gallery.gallery import Gallery
from maskreid.gallery.lock import numbering, writing
from maskreid.gallery.nearest import all_features
from maskreid.gallery.tend import tend
from maskreid.progress import Progress, silent
from maskreid.retrieval import Features, rerank_among

K1, K2 = 10, 3  # neighbours that must be mutual, and that are averaged; measured with `EPS` (docs/guide/gallery.md)
EPS = 0.55  # re-ranked distance up to which two entries are neighbours
FEWEST = 4  # neighbours, itself included, that make an entry the core of a group
ROWS = 256  # rows of distances in memory at a time


@dataclass(frozen=True)
class Clusters:
    """What was proposed.

    Attributes:
        groups: how many groups there are.
        grouped: how many entries are in one.
        alone: how many are in none.
        first: number of the largest group, 1 for ``c1``.
    """

    groups: int
    grouped: int
    alone: int
    first: int

    def __str__(self) -> str:
        return f"{self.groups:,} groups of {self.grouped:,} entries, {self.alone:,} entries in none"


def cluster(
    gallery: Gallery,
    where: Filter | None = None,
    *,
    eps: float = EPS,
    fewest: int = FEWEST,
    progress: Progress = silent,
) -> Clusters:
    """Group entries that seem to show one person, across cameras, and write each group's name into its entries.

    DBSCAN (Ester et al., KDD 1996; scikit-learn's) on the k-reciprocal distances of all entries to all (`K1` and `K2`
    neighbours), as unsupervised re-identification does. Earlier proposals for these entries are replaced, those for
    others and all identities stay. Names count from ``c1``, the largest group first; where other entries have such
    names, on from theirs, so that one name never means two groups.

    Args:
        gallery: whose entries.
        where: which of them; all by default.
        eps: distance (0 to 1) up to which two entries are neighbours.
        fewest: neighbours that make the core of a group.
        progress: told about the search for neighbours and the distances.

    Raises:
        MaskreidError: an argument is out of range, or the gallery cannot be written.
    """
    if not 0 < eps <= 1 or fewest < 1:
        raise MaskreidError(f"cluster: expected 0 < eps <= 1 and fewest >= 1, got {eps} and {fewest}")
    ids, features = all_features(gallery, where)
    if not ids:
        raise MaskreidError(f"{gallery.path}: no entry passes these filters; nothing was grouped")
    groups = group(features, eps, fewest, progress)
    with numbering(gallery.path):
        first = _highest_outside(gallery, set(ids)) + 1
        names = [None if number < 0 else f"c{first + number}" for number in groups.tolist()]
        _write(gallery, ids, names)
    grouped = int((groups >= 0).sum())
    return Clusters(int(groups.max(initial=-1)) + 1, grouped, len(ids) - grouped, first)


def group(
    vectors: npt.NDArray[np.float32], eps: float, fewest: int, progress: Progress = silent
) -> npt.NDArray[np.int64]:
    """Return the group of each of (N, D) unit vectors, (N,) int64: 0 is the largest, -1 is none.

    Raises:
        MaskreidError: scikit-learn is not installed.
    """
    try:
        from scipy.sparse import csr_matrix
        from sklearn.cluster import DBSCAN
    except ImportError:
        raise MaskreidError("groups are found by scikit-learn; pip install 'maskreid[gallery]'") from None
    nobody = np.zeros(len(vectors), np.int64)
    everyone = Features.normalised(vectors, nobody, nobody)
    distances = rerank_among(everyone, K1, K2, progress=progress)
    starts = range(0, len(vectors), ROWS)
    near, lengths, counts = [], [], []
    for start in progress(starts, total=len(starts), what="distances", unit="block"):
        rows = distances.rows(np.arange(start, min(start + ROWS, len(vectors))))
        close = rows <= eps
        near.append(np.nonzero(close)[1])
        lengths.append(rows[close].clip(min=0))
        counts.append(close.sum(axis=1))
    edges = np.concatenate(([0], np.cumsum(np.concatenate(counts))))
    # Stored zeros stay neighbours: scikit-learn reads what is stored, and what is not stored is far.
    graph = csr_matrix((np.concatenate(lengths), np.concatenate(near), edges), shape=(len(vectors), len(vectors)))
    found = DBSCAN(eps=eps, min_samples=fewest, metric="precomputed").fit(graph).labels_
    sizes = np.bincount(found[found >= 0])
    place = np.empty(len(sizes), np.int64)
    place[np.argsort(-sizes, kind="stable")] = np.arange(len(sizes))
    return np.where(found >= 0, place[found], -1) if len(sizes) else np.full(len(vectors), -1)


def _highest_outside(gallery: Gallery, ids: set[str]) -> int:
    """Return the highest number of a group that entries other than these are in; 0 if they are in none."""
    return max(
        (
            int(name[1:])
            for batch in gallery.rows(["id", "cluster"])
            for id_, name in zip(batch["id"].to_pylist(), batch["cluster"].to_pylist(), strict=True)
            if name and id_ not in ids
        ),
        default=0,
    )


def _write(gallery: Gallery, ids: list[str], names: list[str | None]) -> None:
    import pyarrow as pa

    with writing(gallery.path, patience=math.inf), telling(gallery.path):  # what may have taken hours
        schema = gallery.table.schema
        changed = pa.table(
            {"id": pa.array(ids, pa.string()), "cluster": pa.array(names, pa.string())},
            schema=pa.schema([schema.field("id"), schema.field("cluster")]),
        )
        gallery.table.merge_insert("id").when_matched_update_all().execute(changed)
    tend(gallery)
