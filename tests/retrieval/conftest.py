from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from maskreid.retrieval import Features

World = Callable[..., tuple[Features, Features]]


@pytest.fixture
def world() -> World:
    """Makes query and gallery features: people whose features cluster, junk, distractors, unknown cameras."""

    def make(
        seed: int, queries: int = 12, gallery: int = 60, *, ties: bool = False, noise: float = 1.0, people: int = 6
    ) -> tuple[Features, Features]:
        rng = np.random.default_rng(seed)
        centres = rng.normal(size=(people + 2, 8))

        def sample(count: int, lowest: int, side: str) -> Features:
            identities = rng.integers(lowest, people + 1, count)
            cameras = rng.integers(-1, 4, count)
            vectors = centres[identities + 1] + noise * rng.normal(size=(count, 8))
            if ties:  # rows of +-1/2: of length 1 and with similarities that are exact multiples of 1/2
                vectors = np.sign(vectors[:, :4])
            paths = tuple(f"{side}/{number}.jpg" for number in range(count))
            return Features.normalised(vectors, identities, cameras, paths)

        return sample(queries, 1, "query"), sample(gallery, -1, "gallery")

    return make
