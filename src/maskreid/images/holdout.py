"""People kept out of training, to choose a recipe on without touching the test split."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from maskreid.errors import MaskreidError
from maskreid.images.records import PersonImage


def split_identities(
    images: Sequence[PersonImage], share: float, seed: int
) -> tuple[list[PersonImage], list[PersonImage]]:
    """Part images into (learned, held out) so that no identity is in both.

    Args:
        images: one split.
        share: of the identities to hold out, in [0, 1); rounded to whole identities.
        seed: decides which.

    Raises:
        MaskreidError: nobody would be left to learn from.
    """
    people = sorted({image.identity for image in images})
    count = round(share * len(people))
    if count >= len(people):
        raise MaskreidError(f"holding out {share:g} of {len(people)} identities leaves none to learn; lower it")
    held = {int(people[i]) for i in np.random.default_rng(seed).permutation(len(people))[:count]}
    learned = [image for image in images if image.identity not in held]
    return learned, [image for image in images if image.identity in held]


def holdout_split(images: Sequence[PersonImage], seed: int) -> tuple[list[PersonImage], list[PersonImage]]:
    """Part held-out images into (query, gallery): one query for each identity and camera, as Market-1501 has it."""
    groups: dict[tuple[int, int], list[PersonImage]] = {}
    for image in images:
        groups.setdefault((image.identity, image.camera), []).append(image)
    rng = np.random.default_rng((seed, 1))
    chosen = {group[rng.integers(len(group))].path for _, group in sorted(groups.items())}
    return [i for i in images if i.path in chosen], [i for i in images if i.path not in chosen]
