"""What re-ranking results in: final distances, made where and when they are looked at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from maskreid.progress import Progress, silent
from maskreid.retrieval.blocks import Block
from maskreid.retrieval.evaluate import judge_blocks
from maskreid.retrieval.features import Features, FloatArray, IntArray
from maskreid.retrieval.metrics import Metrics
from maskreid.retrieval.protocol import MARKET1501, Protocol
from maskreid.retrieval.sparse_rows import SparseRows
from maskreid.threads import in_threads


@dataclass(frozen=True, eq=False)
class RerankedDistances:
    """The final distances of `rerank` or `rerank_among`, as what they are made from.

    A matrix of them would be larger than all else.

    Attributes:
        query: the queries.
        gallery: the gallery.
        encoding: Q rows of V after query expansion: weights of N items. These are the queries, then the gallery; a
            set that is re-ranked among itself is there once.
        inverted: for each of N items the gallery images that weigh it, and by how much.
        largest: (Q,) float32, each query's largest squared distance, to which its distances are relative.
        lambda_: weight of the original distance.
    """

    query: Features
    gallery: Features
    encoding: SparseRows
    inverted: SparseRows
    largest: FloatArray
    lambda_: float

    def rows(self, queries: npt.ArrayLike) -> FloatArray:
        """Return the final distances of some queries.

        Args:
            queries: (B,) rows of ``query``, or a mask (Q,) bool that chooses B of them.

        Returns:
            (B, G) float32, smaller is nearer.
        """
        everyone = np.arange(len(self.query))
        chosen = everyone[np.asarray(queries)] if np.size(queries) else everyone[:0]
        block: FloatArray = self.query.vectors[chosen] @ self.gallery.vectors.T
        self._mix(block, chosen)
        return block

    def evaluate(self, protocol: Protocol = MARKET1501, *, progress: Progress = silent) -> Metrics:
        """Judge the new order, as `maskreid.retrieval.evaluate` judges the old one, a block of queries at a time."""
        protocol.check(self.query, self.gallery)

        def fill(start: int, stop: int, block: Block) -> None:
            np.matmul(self.query.vectors[start:stop], self.gallery.vectors.T, out=block)
            self._mix(block, np.arange(start, stop))
            np.negative(block, out=block)

        return judge_blocks(fill, np.dtype(np.float32), self.query, self.gallery, protocol, progress)

    def _mix(self, block: Block, queries: IntArray) -> None:
        from maskreid.retrieval.jaccard_kernels import mix_distances

        def mix(first: int, last: int) -> None:
            chosen = queries[first:last]
            mix_distances(block[first:last], chosen, self.encoding, self.inverted, self.largest, self.lambda_)

        in_threads(mix, len(block))
