"""Single gallery shot: the gallery holds one drawn image of each identity, and the draw is repeated."""

from __future__ import annotations

import numpy as np

from maskreid.errors import MaskreidError, check_count
from maskreid.retrieval.evaluate import check_comparable
from maskreid.retrieval.features import DISTRACTOR, JUNK, Features, IntArray
from maskreid.retrieval.metrics import Metrics
from maskreid.retrieval.protocol import CUHK03_CLASSIC, Protocol, has_identity
from maskreid.retrieval.relevant import NO_IDENTITY, NOT_IN_GALLERY, nobody_to_find, only_easy

REPEATS = 100  # what DGD's code, and so the MaskReID paper, averages over
BLOCK = 64  # queries whose similarities are held at a time


def evaluate_single_shot(
    query: Features,
    gallery: Features,
    protocol: Protocol = CUHK03_CLASSIC,
    *,
    repeats: int = REPEATS,
    seed: int = 0,
) -> Metrics:
    """CUHK03's first protocol: draw one gallery image of each identity, rank, repeat, average.

    As ``utils/cmc.py`` of Xiao et al. (CVPR 2016). All queries search the same draw, except that
    images which the protocol passes over for a query (its own camera's) are never drawn as its right answer, so no
    repeat leaves it without one. Junk is never drawn; each distractor counts as a person of its own. With one right
    answer AP and INP are 1 / rank: mAP here is the mean reciprocal rank, and papers report only the CMC.

    Args:
        query: Q images, each searched for in every repeat.
        gallery: G images to draw from.
        protocol: what is passed over.
        repeats: how many galleries are drawn.
        seed: of the draws.

    Returns:
        Metrics with ``repeats`` rankings of each query, and as gallery size the number of identities drawn.

    Raises:
        MaskreidError: as `maskreid.retrieval.evaluate`, or ``repeats`` is below 1.
    """
    check_comparable(query, gallery)
    protocol.check(query, gallery)
    check_count("single shot: repeats", repeats)
    people = _people(gallery)
    identity_of = gallery.identities[[rows[0] for rows in people]]
    place_of = {int(identity_of[place]): place for place in np.flatnonzero(has_identity(identity_of)).tolist()}
    somebody = has_identity(query.identities)
    # One number for each repeat and identity says which of its images is drawn, however many are eligible.
    chance = np.random.default_rng(seed).random((repeats, len(people)))
    drawn = np.stack([_pick(rows, chance[:, place]) for place, rows in enumerate(people)], axis=1)
    ranks: list[IntArray] = []
    ranked: list[int] = []
    skipped: dict[int, str] = {}
    for row in range(len(query)):
        if row % BLOCK == 0:
            block = query.vectors[row : row + BLOCK] @ gallery.vectors.T
        identity = int(query.identities[row])
        if identity not in place_of:
            skipped[row] = NOT_IN_GALLERY if somebody[row] else NO_IDENTITY
            continue
        place = place_of[identity]
        right = people[place][~protocol.too_easy(query, row, gallery, people[place])]
        if not right.size:
            skipped[row] = only_easy(protocol)
            continue
        similarities = block[row % BLOCK]
        answer = _pick(right, chance[:, place])[:, None]
        others = similarities[drawn]
        ahead = (others > similarities[answer]) | ((others == similarities[answer]) & (drawn < answer))
        ahead[:, place] = False
        ranks.append(1 + np.count_nonzero(ahead, axis=1))
        ranked.append(row)
    if not ranks:
        raise nobody_to_find(len(query), skipped, protocol)
    first_match = np.concatenate(ranks)
    reciprocal = 1 / first_match
    return Metrics(
        protocol=protocol,
        gallery_size=len(people),
        queries=np.repeat(np.array(ranked, dtype=np.int64), repeats),
        first_match=first_match,
        ap=reciprocal,
        ap_trapezoid=np.where(first_match == 1, 1, reciprocal / 2),
        inp=reciprocal,
        skipped=skipped,
    )


def _people(gallery: Features) -> list[IntArray]:
    """Gallery rows of each identity, ascending; every distractor for itself, junk nowhere."""
    people = []
    for identity in np.unique(gallery.identities).tolist():
        rows = np.flatnonzero(gallery.identities == identity)
        if identity == DISTRACTOR:
            people += list(rows[:, None])
        elif identity != JUNK:
            people.append(rows)
    if not people:
        raise MaskreidError("single shot: the gallery holds nothing but junk")
    return people


def _pick(rows: IntArray, chance: np.ndarray) -> IntArray:
    """For each number in [0, 1), the row that far down: (repeats,) int64."""
    return np.asarray(rows[(chance * len(rows)).astype(np.int64)])
