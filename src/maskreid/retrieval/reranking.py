"""How a test is re-ranked: what ``maskreid evaluate --rerank`` and its options say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from maskreid.errors import MaskreidError, check_count
from maskreid.progress import Progress, silent
from maskreid.retrieval.approximate_search import approximate_search
from maskreid.retrieval.device_search import device_search
from maskreid.retrieval.features import Features
from maskreid.retrieval.neighbours import exact_search
from maskreid.retrieval.rerank import K1, K2, LAMBDA, check_parameters, rerank
from maskreid.retrieval.reranked import RerankedDistances


@dataclass(frozen=True)
class Reranking:
    """Parameters of k-reciprocal re-ranking, by default those of Zhong et al. (CVPR 2017), as everybody reports them.

    Attributes:
        k1: neighbours that must be mutual.
        k2: neighbours whose encodings are averaged.
        lambda_: weight of the original distance.
        probes: take `approximate_search`, which looks into so many cells; None searches exactly.

    Raises:
        MaskreidError: one of them is out of range.
    """

    k1: int = K1
    k2: int = K2
    lambda_: float = LAMBDA
    probes: int | None = None

    def __post_init__(self) -> None:
        check_parameters(self.k1, self.k2, self.lambda_)
        if self.probes is not None:
            check_count("rerank: probes", self.probes)

    def __call__(
        self, query: Features, gallery: Features, *, device: str | None = None, progress: Progress = silent
    ) -> RerankedDistances:
        """Re-rank the gallery for every query; an exact search runs on ``device``, a torch one, or None for NumPy."""
        search = exact_search if device is None else device_search(device)
        if self.probes is not None:
            search = approximate_search(self.probes)
        return rerank(query, gallery, self.k1, self.k2, self.lambda_, search=search, progress=progress)

    def __str__(self) -> str:
        probes = "" if self.probes is None else f", {self.probes} probes"
        return f"k1 = {self.k1}, k2 = {self.k2}, lambda = {self.lambda_:g}{probes}"

    def as_dict(self) -> dict[str, Any]:
        """Return what metrics.json says of it."""
        return asdict(self)

    @classmethod
    def of(cls, numbers: Mapping[str, Any]) -> Reranking:
        """Return what metrics.json says, or the default where it says nothing.

        Raises:
            MaskreidError: it is damaged.
        """
        try:
            return cls(**numbers.get("reranking", {}))
        except TypeError as error:
            raise MaskreidError(f"reranking of metrics.json: damaged ({error}); evaluate once more") from None
