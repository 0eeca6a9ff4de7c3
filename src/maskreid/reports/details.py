"""What can be asked for beside a test's own numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from maskreid.retrieval import CameraPairs, OpenSet, Reliability, WorstQuery


@dataclass(frozen=True, eq=False)
class Details:
    """Each is there if it was asked for.

    Attributes:
        pairs: Rank-1 and mAP from each camera to each other.
        worst: the queries with the lowest AP.
        open_set: half of the people not enrolled.
        reliability: of the model's own probabilities in those searches, if it is calibrated.
    """

    pairs: CameraPairs | None = None
    worst: Sequence[WorstQuery] = ()
    open_set: OpenSet | None = None
    reliability: Reliability | None = None
