"""The protocols that people call by name: who searches, in what, and what is passed over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from maskreid.errors import MaskreidError
from maskreid.retrieval.evaluate import evaluate
from maskreid.retrieval.everyone import everyone
from maskreid.retrieval.features import Features
from maskreid.retrieval.metrics import Metrics
from maskreid.retrieval.multi_query import pool_queries
from maskreid.retrieval.protocol import ALL_VS_ALL, CUHK03_CLASSIC, MARKET1501, Protocol
from maskreid.retrieval.single_shot import REPEATS, evaluate_single_shot


@dataclass(frozen=True, slots=True)
class NamedProtocol:
    """A whole evaluation protocol.

    Attributes:
        name: what ``--protocol`` takes.
        heading: what its row is called in tables and in metrics.json.
        rule: what a ranking passes over.
        searches: who searches: the queries as given, each pooled from its hand-drawn boxes, or every image.
        repeats: 0 ranks the whole gallery; otherwise so many galleries of one image per identity are drawn.
    """

    name: str
    heading: str
    rule: Protocol
    searches: Literal["queries", "pooled queries", "everyone"] = "queries"
    repeats: int = 0

    def arrange(self, query: Features, gallery: Features, boxes: Features | None = None) -> tuple[Features, Features]:
        """Return who searches and who is searched.

        Raises:
            MaskreidError: queries are to be pooled and there are no ``boxes``.
        """
        if self.searches == "everyone":
            all_images = everyone(query, gallery)
            return all_images, all_images
        if self.searches == "pooled queries":
            if boxes is None:
                raise MaskreidError(f"protocol {self.name}: needs features of the multi-query boxes; there are none")
            return pool_queries(query, boxes), gallery
        return query, gallery

    def evaluate(self, query: Features, gallery: Features, device: str | None = None) -> Metrics:
        """Judge what `arrange` returned; the products of a gallery searched whole are made on ``device``."""
        if self.repeats:
            return evaluate_single_shot(query, gallery, self.rule, repeats=self.repeats)
        return evaluate(query, gallery, self.rule, device=device)


SINGLE_QUERY = NamedProtocol("market1501", "single query", MARKET1501)
MULTIPLE_QUERY = NamedProtocol("market1501-multiple", "multiple query", MARKET1501, searches="pooled queries")
SINGLE_SHOT = NamedProtocol("cuhk03-classic", "single gallery shot", CUHK03_CLASSIC, repeats=REPEATS)
EVERYONE = NamedProtocol("all-vs-all", "all against all", ALL_VS_ALL, searches="everyone")
NAMED_PROTOCOLS = {each.name: each for each in (SINGLE_QUERY, MULTIPLE_QUERY, SINGLE_SHOT, EVERYONE)}


def named_protocol(name: str) -> NamedProtocol:
    """Return a protocol by its name.

    Raises:
        MaskreidError: there is none of that name.
    """
    if name not in NAMED_PROTOCOLS:
        raise MaskreidError(f"no protocol {name!r}; expected {', '.join(NAMED_PROTOCOLS)}")
    return NAMED_PROTOCOLS[name]
