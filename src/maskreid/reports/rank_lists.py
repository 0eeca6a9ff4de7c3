"""A query and the gallery's first answers, right and wrong, as the protocol counts them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from maskreid.errors import MaskreidError
from maskreid.reports.crops import Crops
from maskreid.reports.pictures import Mask, Pixels
from maskreid.reports.tables import camera_name
from maskreid.retrieval import Calibration, Features, Judgement, Metrics, Protocol
from maskreid.retrieval.features import DISTRACTOR, JUNK
from maskreid.retrieval.judge import reranked_name

SHOWN = 10


@dataclass(frozen=True, eq=False)
class Hit:
    """One answer.

    Attributes:
        pixels: (H, W, 3) uint8 RGB.
        right: whether it shows the query's identity.
        who: "right", "distractor" or "person N".
        camera: that took it, "?" if unknown.
        similarity: cosine; where re-ranked, 1 less the distance.
        probability: that it is the person, were it the best answer; None where the model is not calibrated.
    """

    pixels: Pixels
    right: bool
    who: str
    camera: str
    similarity: float
    probability: float | None = None


@dataclass(frozen=True, eq=False)
class RankList:
    """A query with its mask, and its first answers."""

    title: str
    pixels: Pixels
    mask: Mask | None
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
    if query.identities[row] > DISTRACTOR:  # two distractors are not one person
        same = np.flatnonzero(gallery.identities == query.identities[row])
        kept[same[protocol.too_easy(query, row, gallery, same)]] = False
    order = np.argsort(-similarities, kind="stable")
    return np.asarray(order[kept[order]][:count])


def rank_lists(
    judgement: Judgement,
    rows: Sequence[int],
    crops: Crops,
    *,
    top: int = SHOWN,
    calibration: Calibration | None = None,
    reranked: bool = False,
) -> list[RankList]:
    """Make the rank lists of several queries.

    Args:
        judgement: of one test.
        rows: of its queries.
        crops: where their pictures are.
        top: answers of each, at most.
        calibration: turns similarities into probabilities.
        reranked: order by the re-ranked distances.

    Raises:
        MaskreidError: the test was not re-ranked, or an image cannot be read.
    """
    query, gallery, metrics = judgement.query, judgement.gallery, judgement.main
    again = None
    if reranked:
        if judgement.reranked is None:
            raise MaskreidError("rank lists: this test was not re-ranked; judge it with reranking=Reranking()")
        again = judgement.reranked
        query, gallery = again.query, again.gallery
        metrics = judgement.metrics[reranked_name(next(iter(judgement.metrics)))]
    distances = again.rows(list(rows)) if again else None
    found = []
    for place, row in enumerate(rows):
        alike = gallery.vectors @ query.vectors[row] if distances is None else 1 - distances[place]
        found.append((row, first_hits(query, row, gallery, alike, metrics.protocol, top), alike))
    pictures = crops(query, [row for row, _, _ in found], masks=True)
    entries = int((gallery.identities != JUNK).sum())
    lists = []
    for (row, answers, alike), (pixels, mask) in zip(found, pictures, strict=True):
        hits = []
        for answer, (shown, _) in zip(answers.tolist(), crops(gallery, answers.tolist()), strict=True):
            similarity = float(alike[answer])
            claimed = float(calibration.probability(similarity, entries)) if calibration and not reranked else None
            right, who = _who(int(gallery.identities[answer]), int(query.identities[row]))
            hits.append(Hit(shown, right, who, camera_name(int(gallery.cameras[answer])), similarity, claimed))
        lists.append(RankList(_title(query, row, metrics), pixels, mask, tuple(hits)))
    return lists


def _who(identity: int, asked: int) -> tuple[bool, str]:
    right = identity == asked > DISTRACTOR
    return right, "right" if right else "distractor" if identity == DISTRACTOR else f"person {identity}"


def _title(query: Features, row: int, metrics: Metrics) -> str:
    who = f"person {query.identities[row]}, camera {camera_name(int(query.cameras[row]))}"
    own = metrics.queries == row  # one ranking, or one for each drawn gallery
    if not own.any():
        return f"{who}: {metrics.skipped.get(row, 'not judged')}"
    first, ap = metrics.first_match[own].mean(), 100 * metrics.ap[own].mean()
    return f"{who}: first right answer at {first:g}, AP {ap:.0f} %"
