"""A query and the gallery's first answers, right and wrong, as the protocol counts them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from maskreid.images import PackedImages
from maskreid.reports.pictures import data_uri, mask_over
from maskreid.retrieval import Features, Metrics, Protocol
from maskreid.retrieval.features import DISTRACTOR, JUNK

SHOWN = 10


@dataclass(frozen=True)
class Hit:
    """One answer: its picture, whether it shows the query's identity, and what is written below it."""

    picture: str
    right: bool
    caption: str


@dataclass(frozen=True)
class RankList:
    """A query with its mask, and its first answers."""

    title: str
    picture: str
    mask: str
    hits: tuple[Hit, ...]


def choose_queries(metrics: Metrics, count: int = 8) -> list[int]:
    """Pick query rows from the worst average precision to the best, evenly in between."""
    rows = np.unique(metrics.queries)
    order = np.argsort(metrics.by_query(metrics.ap), kind="stable")
    places = np.linspace(0, len(order) - 1, min(count, len(order))).round().astype(int)
    return [int(rows[order[place]]) for place in places]


def first_hits(
    query: Features,
    row: int,
    gallery: Features,
    similarities: npt.NDArray[np.floating],
    protocol: Protocol,
    count: int = SHOWN,
) -> npt.NDArray[np.int64]:
    """Return the first gallery rows for a query, junk and what the protocol passes over left out.

    Args:
        query: all queries.
        row: which one.
        gallery: all that was searched.
        similarities: (G,) of this query to the gallery, larger is more alike.
        protocol: what is passed over.
        count: how many to return, at most.
    """
    kept = gallery.identities != JUNK
    same = np.flatnonzero(gallery.identities == query.identities[row])
    kept[same[protocol.too_easy(query, row, gallery, same)]] = False
    order = np.argsort(-similarities, kind="stable")
    return np.asarray(order[kept[order]][:count])


def rank_list(
    row: int,
    query: Features,
    gallery: Features,
    similarities: npt.NDArray[np.floating],
    metrics: Metrics,
    packed_query: PackedImages,
    packed_gallery: PackedImages,
) -> RankList:
    """Make the pictures of one query's answers; arguments as for `first_hits`."""
    hits = []
    for found in first_hits(query, row, gallery, similarities, metrics.protocol):
        identity = int(gallery.identities[found])
        right = identity == query.identities[row]
        who = "right" if right else "distractor" if identity == DISTRACTOR else f"person {identity}"
        caption = f"{who} · camera {gallery.cameras[found]} · {similarities[found]:.2f}"
        hits.append(Hit(data_uri(packed_gallery.pixels[found]), bool(right), caption))
    own = metrics.queries == row  # one ranking, or one for each drawn gallery
    pixels, mask = packed_query.pixels[row], packed_query.masks[row].astype(bool)
    title = (
        f"person {query.identities[row]}, camera {query.cameras[row]}: first right answer at "
        f"{metrics.first_match[own].mean():g}, AP {100 * metrics.ap[own].mean():.0f} %"
    )
    return RankList(title, data_uri(pixels), data_uri(mask_over(pixels, mask)), tuple(hits))


def rank_lists(
    rows: Sequence[int],
    query: Features,
    gallery: Features,
    metrics: Metrics,
    packed_query: PackedImages,
    packed_gallery: PackedImages,
    distances: npt.NDArray[np.float32] | None = None,
) -> list[RankList]:
    """Make the rank lists of several queries, by cosine or, if given, by ``distances``, a row of (G,) for each."""
    lists = []
    for place, row in enumerate(rows):
        similarities = gallery.vectors @ query.vectors[row] if distances is None else 1 - distances[place]
        lists.append(rank_list(row, query, gallery, similarities, metrics, packed_query, packed_gallery))
    return lists
