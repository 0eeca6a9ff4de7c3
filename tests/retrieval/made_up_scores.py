"""People who are searched for: what `maskreid.retrieval.identity_scores` would find."""

from __future__ import annotations

import numpy as np

from maskreid.retrieval import IdentityScores


def made_up_scores(seed: int, askers: int = 40, others: int = 300, queries: int = 6) -> IdentityScores:
    """People who look like themselves at 0.75 and like anybody else at 0, give or take."""
    rng = np.random.default_rng(seed)
    people = askers + others
    own = np.repeat(np.arange(askers), queries)
    best = rng.normal(0, 0.25, (len(own), people))
    best[np.arange(len(own)), own] = rng.normal(0.75, 0.15, len(own))
    names = np.arange(1, people + 1)
    return IdentityScores(best.clip(-1, 1).astype(np.float32), names, np.full(people, 4), names[own], own)
