"""What can be told beside a test's own numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from maskreid.errors import MaskreidError
from maskreid.progress import Progress, silent
from maskreid.retrieval import (
    Calibration,
    CameraPairs,
    Judgement,
    OpenSet,
    Reliability,
    Similarities,
    WorstQuery,
    camera_pairs,
    identity_scores,
    open_set,
    reliability_of,
    similarities,
    worst_queries,
)
from maskreid.retrieval.thresholds import thresholds


@dataclass(frozen=True, eq=False)
class Details:
    """Each is there if it was asked for.

    Attributes:
        pairs: Rank-1 and mAP from each camera to each other.
        worst: the queries with the lowest AP.
        open_set: half of the people not enrolled.
        reliability: of the model's own probabilities in those searches, if it is calibrated.
        similar: similarities of right and wrong pairs.
        thresholds: similarity that a share of the pairs of different people reaches, by that share as text.
    """

    pairs: CameraPairs | None = None
    worst: Sequence[WorstQuery] = ()
    open_set: OpenSet | None = None
    reliability: Reliability | None = None
    similar: Similarities | None = None
    thresholds: Mapping[str, float] = field(default_factory=dict)


def similar_pairs(
    judgement: Judgement,
    calibration: Calibration | None = None,
    *,
    device: str | None = None,
    progress: Progress = silent,
) -> tuple[Similarities, Mapping[str, float]]:
    """Return the similarities of right and wrong pairs, and the model's thresholds, or this test's if it has none."""
    searched = (judgement.query, judgement.gallery, judgement.main.protocol)
    found = similarities(*searched, device=device, progress=progress)
    return found, calibration.thresholds if calibration else thresholds(found)


def examine(
    judgement: Judgement,
    calibration: Calibration | None = None,
    *,
    worst: int = 10,
    device: str | None = None,
    progress: Progress = silent,
) -> Details:
    """Find everything that a test can be asked; what it has too few cameras or people for is left out.

    Args:
        judgement: from `maskreid.retrieval.judge`.
        calibration: the model's, if it has one.
        worst: how many of the worst queries.
        device: where similarities are computed, as for `maskreid.retrieval.judge`.
        progress: told about the long parts.
    """
    query, gallery, rule = judgement.query, judgement.gallery, judgement.main.protocol
    similar, reached = similar_pairs(judgement, calibration, device=device, progress=progress)
    pairs = alarms = claims = None
    whole = len(np.unique(judgement.main.queries)) == len(judgement.main.queries)  # not of drawn galleries
    if whole and len(np.unique(np.concatenate((query.cameras, gallery.cameras)))) > 1:
        pairs = camera_pairs(query, gallery, rule)
    if whole:
        alarms, claims, _ = half_enrolled(judgement, calibration, device=device, progress=progress)
    found = worst_queries(judgement.main, query, worst)
    return Details(pairs, found, alarms, claims, similar, reached)


def half_enrolled(
    judgement: Judgement,
    calibration: Calibration | None = None,
    *,
    device: str | None = None,
    progress: Progress = silent,
) -> tuple[OpenSet | None, Reliability | None, str]:
    """Search with half of the people not enrolled: false alarms, the probabilities' truth, and why one is missing.

    Args:
        judgement: of a gallery that is searched whole.
        calibration: the model's, if it has one; without it nothing is claimed.
        device: where similarities are computed, as for `maskreid.retrieval.judge`.
        progress: told about the long part.
    """
    searched = (judgement.query, judgement.gallery, judgement.main.protocol)
    scores = identity_scores(*searched, device=device, progress=progress)
    alarms = claims = None
    try:
        alarms = open_set(scores)
        claims = reliability_of(calibration, scores) if calibration else None
    except MaskreidError as few:  # people for the one, perhaps, but not for the other
        return alarms, None, f"{few}: {'no reliability' if alarms else 'not measured'}"
    return alarms, claims, ""
