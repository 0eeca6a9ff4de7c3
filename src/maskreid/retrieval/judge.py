"""Features in, every number that was asked for out: what ``maskreid evaluate`` does once features are there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from maskreid.errors import MaskreidError
from maskreid.progress import Progress, silent
from maskreid.retrieval.features import Features
from maskreid.retrieval.metrics import Metrics
from maskreid.retrieval.named_protocols import MULTIPLE_QUERY, SINGLE_QUERY, NamedProtocol
from maskreid.retrieval.reranked import RerankedDistances
from maskreid.retrieval.reranking import Reranking


@dataclass(frozen=True, eq=False)
class Judgement:
    """What `judge` measured.

    Attributes:
        protocol: that was followed.
        metrics: by heading, the protocol's own first; "..., re-ranked" is each again after re-ranking.
        query: who searched under the protocol.
        gallery: who was searched.
        reranked: re-ranked distances of the protocol's own queries, if asked for.
        reranking: how; None where it was not asked for.
    """

    protocol: NamedProtocol
    metrics: Mapping[str, Metrics]
    query: Features
    gallery: Features
    reranked: RerankedDistances | None
    reranking: Reranking | None = None

    @property
    def main(self) -> Metrics:
        """The protocol's own numbers, without re-ranking."""
        return next(iter(self.metrics.values()))


def reranked_name(heading: str) -> str:
    """What an evaluation is called after k-reciprocal re-ranking."""
    return f"{heading}, re-ranked"


def check_asked(protocol: NamedProtocol, *, multi_query: bool = False, reranking: Reranking | None = None) -> None:
    """Refuse what `judge` cannot do together, before anything is computed.

    Raises:
        MaskreidError: it is so.
    """
    if multi_query and protocol is not SINGLE_QUERY:
        raise MaskreidError(f"multiple query is a form of protocol {SINGLE_QUERY.name}, not of {protocol.name}")
    if reranking and protocol not in (SINGLE_QUERY, MULTIPLE_QUERY):
        raise MaskreidError(
            f"re-ranking needs queries apart from a gallery that is searched whole; protocol {protocol.name} has none"
        )


def judge(
    query: Features,
    gallery: Features,
    boxes: Features | None = None,
    *,
    protocol: NamedProtocol = SINGLE_QUERY,
    multi_query: bool = False,
    reranking: Reranking | None = None,
    device: str | None = None,
    progress: Progress = silent,
) -> Judgement:
    """Evaluate features under a protocol, and also with pooled queries and re-ranked, if asked to.

    Args:
        query: the queries.
        gallery: the gallery, junk and distractors included.
        boxes: what multiple query pools.
        protocol: one of `maskreid.retrieval.NAMED_PROTOCOLS`.
        multi_query: also pool; with `SINGLE_QUERY` only.
        reranking: also re-rank, like this; only where queries search a whole, other gallery.
        device: where gallery products and the exact search run: None here, with NumPy; "cuda" and so on with torch.
        progress: told about re-ranking.

    Raises:
        MaskreidError: these do not go together, or the features do not fit the protocol.
    """
    check_asked(protocol, multi_query=multi_query, reranking=reranking)
    arranged = {
        each.heading: (each, *each.arrange(query, gallery, boxes))
        for each in (protocol, *([MULTIPLE_QUERY] if multi_query else []))
    }
    metrics: dict[str, Metrics] = {}
    reranked: dict[str, RerankedDistances] = {}
    for heading, (each, searching, searched) in arranged.items():
        metrics[heading] = each.evaluate(searching, searched, device)
        if reranking:
            reranked[heading] = reranking(searching, searched, device=device, progress=progress)
            metrics[reranked_name(heading)] = reranked[heading].evaluate(each.rule, progress=progress)
    _, searching, searched = arranged[protocol.heading]
    return Judgement(protocol, metrics, searching, searched, reranked.get(protocol.heading), reranking)
