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

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from maskreid.errors import MaskreidError
from maskreid.progress import Progress, silent
from maskreid.retrieval.blocks import Block, in_blocks
from maskreid.retrieval.evaluate import check_comparable, judge
from maskreid.retrieval.features import Features, FloatArray, IntArray
from maskreid.retrieval.metrics import Metrics
from maskreid.retrieval.protocol import MARKET1501, Protocol

Items = npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class RerankedDistances:
    """What the final distances of `rerank` are made from; a (Q, G) matrix of them exists only where it is asked for.

    Attributes:
        query: the queries.
        gallery: the gallery.
        encoding: (N, N) sparse float32, N = Q + G, queries first: the weights V after query expansion.
        columns: (G, N) sparse, the gallery's rows of ``encoding`` by column.
        largest: (N,) float32, each item's largest squared distance, to which its distances are relative.
        lambda_: weight of the original distance.
    """

    query: Features
    gallery: Features
    encoding: sparse.csr_array
    columns: sparse.csc_array
    largest: FloatArray
    lambda_: float

    def rows(self, queries: npt.ArrayLike) -> FloatArray:
        """Return the final distances of some queries.

        Args:
            queries: (B,) rows of ``query``.

        Returns:
            (B, G) float32, smaller is nearer.
        """
        chosen = np.asarray(queries, dtype=np.int64)
        block = self.query.vectors[chosen] @ self.gallery.vectors.T
        self._mix(block, chosen)
        return block

    @property
    def distances(self) -> FloatArray:
        """All final distances, (Q, G) float32, made anew each time."""
        return self.rows(np.arange(len(self.query)))

    def evaluate(self, protocol: Protocol = MARKET1501, progress: Progress = silent) -> Metrics:
        """Judge the new order, as `maskreid.retrieval.evaluate` judges the old one, without the whole matrix."""

        def fill(start: int, stop: int, block: Block) -> None:
            np.matmul(self.query.vectors[start:stop], self.gallery.vectors.T, out=block)
            self._mix(block, np.arange(start, stop))
            np.negative(block, out=block)

        return judge(fill, np.dtype(np.float32), self.query, self.gallery, protocol, progress)

    def _mix(self, block: Block, queries: IntArray) -> None:
        from maskreid.retrieval.rerank_kernels import mix_distances

        rows, columns = self.encoding, self.columns
        mix_distances(
            block,
            queries,
            *(rows.indptr, rows.indices, rows.data),
            *(columns.indptr, columns.indices, columns.data),
            self.largest,
            self.lambda_,
        )


def rerank(
    query: Features,
    gallery: Features,
    k1: int = 20,
    k2: int = 6,
    lambda_: float = 0.3,
    *,
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
        progress: told about the search of neighbours, which takes nearly all of the time.

    Raises:
        MaskreidError: a parameter is out of range, or the features do not fit each other.
    """
    if k1 < 1 or k2 < 1 or not 0 <= lambda_ <= 1:
        raise MaskreidError(f"rerank: expected k1 >= 1, k2 >= 1 and 0 <= lambda_ <= 1, got {k1}, {k2}, {lambda_}")
    check_comparable(query, gallery)
    neighbours, largest = _neighbours(query, gallery, max(k1 + 1, k2), progress)
    encoding = _encode(query, gallery, neighbours, largest, k1)
    if k2 > 1:
        encoding = _expand(encoding, neighbours, k2)
    columns = sparse.csc_array(encoding[len(query) :])
    return RerankedDistances(query, gallery, encoding, columns, largest, lambda_)


def _neighbours(query: Features, gallery: Features, count: int, progress: Progress) -> tuple[Items, FloatArray]:
    """Return each item's nearest items in order, (N, count), and its row's largest distance, (N,)."""
    from maskreid.retrieval.rerank_kernels import find_nearest

    total = len(query) + len(gallery)
    nearest = np.empty((total, min(count, total)), np.int32)
    largest = np.empty(total, np.float32)
    vectors = np.concatenate((query.vectors, gallery.vectors))

    def fill(start: int, stop: int, block: Block) -> None:
        np.matmul(vectors[start:stop], vectors.T, out=block)

    def search(start: int, stop: int, block: Block) -> None:
        find_nearest(block, start, nearest[start:stop], largest[start:stop])

    in_blocks(total, total, np.dtype(np.float32), fill, search, what="searching neighbours", progress=progress)
    return nearest, np.maximum(largest, np.finfo(np.float32).eps)  # where all images are alike


def _encode(query: Features, gallery: Features, neighbours: Items, largest: FloatArray, k1: int) -> sparse.csr_array:
    """Weigh each item's expanded k-reciprocal neighbours: rows of V, each with sum 1."""
    from maskreid.retrieval.rerank_kernels import count_members, write_encoding

    total, found = neighbours.shape
    count, half = min(k1 + 1, found), min(int(np.around(k1 / 2)) + 1, found)
    starts = _starts(count_members(neighbours, count, half))
    indices, values = np.empty(starts[-1], np.int32), np.empty(starts[-1], np.float32)
    write_encoding(query.vectors, gallery.vectors, neighbours, largest, count, half, starts, indices, values)
    return sparse.csr_array((values, indices, starts), shape=(total, total))


def _expand(encoding: sparse.csr_array, neighbours: Items, k2: int) -> sparse.csr_array:
    """Average each item's encoding with those of its nearest neighbours."""
    from maskreid.retrieval.rerank_kernels import count_averaged, write_averaged

    k2 = min(k2, neighbours.shape[1])
    own = (encoding.indptr, encoding.indices, encoding.data)
    starts = _starts(count_averaged(neighbours, k2, *own[:2]))
    indices, values = np.empty(starts[-1], np.int32), np.empty(starts[-1], np.float32)
    write_averaged(neighbours, k2, *own, starts, indices, values)
    return sparse.csr_array((values, indices, starts), shape=encoding.shape)


def _starts(sizes: IntArray) -> IntArray:
    return np.concatenate(([0], np.cumsum(sizes)))
