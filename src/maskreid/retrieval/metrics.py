"""The numbers of one evaluation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskreid.errors import MaskreidError
from maskreid.retrieval.features import IntArray
from maskreid.retrieval.protocol import Protocol

DEFINITIONS = {
    "map": "rectangular: mean precision at the correct matches",
    "map_trapezoid": "trapezoid: Market-1501's original code",
}
RANKS = (1, 5, 10, 20)  # of the matching curve, that papers and tools print


@dataclass(frozen=True, eq=False)
class Metrics:
    """CMC, both mAPs and mINP as fractions of 1, over the queries that have a correct match.

    Attributes:
        protocol: how rankings were judged.
        gallery_size: G, how many images were searched, junk included.
        queries: (n,) int64 rows of the query features that were evaluated; the arrays below follow its order. A
            protocol that draws its gallery ranks each query several times, and repeats its row here.
        first_match: (n,) int64, 1-based rank of the first correct match.
        ap: (n,) float64, rectangular average precision.
        ap_trapezoid: (n,) float64, Market-1501's original average precision.
        inp: (n,) float64, inverse negative penalty.
        skipped: row of each query that has no correct match, and so is in no mean -> the reason.
    """

    protocol: Protocol
    gallery_size: int
    queries: IntArray
    first_match: IntArray
    ap: NDArray[np.float64]
    ap_trapezoid: NDArray[np.float64]
    inp: NDArray[np.float64]
    skipped: Mapping[int, str]

    def rank(self, k: int) -> float:
        """Fraction of queries with a correct match among the first ``k``; ``k`` may exceed the gallery.

        Raises:
            MaskreidError: ``k`` is less than 1.
        """
        if k < 1:
            raise MaskreidError(f"rank: expected k of at least 1, got {k}")
        return float(np.mean(self.first_match <= k))

    @property
    def cmc(self) -> NDArray[np.float64]:
        """(G,) float64, the cumulative matching curve: ``cmc[k - 1]`` is ``rank(k)``."""
        counts = np.bincount(self.first_match - 1, minlength=self.gallery_size)
        return np.asarray(np.cumsum(counts) / len(self.queries))

    @property
    def map(self) -> float:
        """Mean rectangular average precision."""
        return float(self.ap.mean())

    @property
    def map_trapezoid(self) -> float:
        """Mean average precision as Market-1501's original code defines it."""
        return float(self.ap_trapezoid.mean())

    @property
    def minp(self) -> float:
        """Mean inverse negative penalty."""
        return float(self.inp.mean())

    def by_query(self, values: NDArray[np.generic]) -> NDArray[np.float64]:
        """(n,) values of rankings -> (distinct queries,) float64, by ascending row: the mean over each's rankings."""
        _, which, count = np.unique(self.queries, return_inverse=True, return_counts=True)
        return np.asarray(np.bincount(which, values.astype(np.float64)) / count)

    def per_query(self) -> dict[str, NDArray[np.float64]]:
        """Each query's own scores, fractions of 1: (distinct queries,) float64, by the names of `as_dict`.

        Queries, not rankings, are the independent part of a test, so this is what is resampled.
        """
        values: dict[str, NDArray[np.generic]] = {f"rank{k}": self.first_match <= k for k in RANKS}
        values |= {"map": self.ap, "map_trapezoid": self.ap_trapezoid, "minp": self.inp}
        return {name: self.by_query(each) for name, each in values.items()}

    def as_dict(self) -> dict[str, Any]:
        """What metrics.json holds: percentages with two decimals, counts, and the definitions used."""
        scores = {f"rank{k}": self.rank(k) for k in RANKS}
        scores |= {"map": self.map, "map_trapezoid": self.map_trapezoid, "minp": self.minp}
        return {
            **{name: round(100 * score, 2) for name, score in scores.items()},
            "queries": len(np.unique(self.queries)),
            "gallery": self.gallery_size,
            "skipped": dict(Counter(self.skipped.values())),
            "protocol": self.protocol.name,
            "definitions": DEFINITIONS,
        }

    def __str__(self) -> str:
        """The table that papers and tools of the field print, percentages with one decimal."""
        scores = [self.rank(1), self.rank(5), self.rank(10), self.map, self.map_trapezoid, self.minp]
        name = f"{len(np.unique(self.queries))} queries, {self.gallery_size} gallery"
        heads = ["Dataset", "Rank-1", "Rank-5", "Rank-10", "mAP", "mAP (trapezoid)", "mINP"]
        cells = [name, *(f"{100 * score:.1f}" for score in scores)]
        widths = [max(len(head), len(cell)) for head, cell in zip(heads, cells, strict=True)]
        rules = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
        aligned = [
            [
                row[0].ljust(widths[0]),
                *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)),
            ]
            for row in (heads, rules, cells)
        ]
        return "\n".join(f"| {' | '.join(row)} |" for row in aligned)
