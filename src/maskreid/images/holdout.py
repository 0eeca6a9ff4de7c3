"""People kept out of training, to choose a recipe on without touching the test split."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from maskreid.errors import MaskreidError
from maskreid.images.records import UNKNOWN_CAMERA, PersonImage


def split_identities(
    images: Sequence[PersonImage], share: float, seed: int
) -> tuple[list[PersonImage], list[PersonImage]]:
    """Part images into (learned, held out) so that no identity is in both.

    Args:
        images: one split; junk and distractors, who are nobody, go to neither side.
        share: of the identities, in [0, 1), that is held out; rounded to whole identities.
        seed: decides which, in whatever order the images come.

    Returns:
        The two sides, each in the order of ``images``.

    Raises:
        MaskreidError: ``share`` is out of range, or nobody would be left to learn from.
    """
    people = sorted({image.identity for image in images if image.identity > 0})
    if not 0 <= share < 1:
        raise MaskreidError(f"held_out is {share}; expected a share of the identities in [0, 1)")
    count = round(share * len(people))
    if count >= len(people):
        raise MaskreidError(f"holding out {share:g} of {len(people)} identities leaves none to learn; lower it")
    held = {people[i] for i in np.random.default_rng(seed).permutation(len(people))[:count]}
    learned = [image for image in images if image.identity > 0 and image.identity not in held]
    return learned, [image for image in images if image.identity in held]


def holdout_split(images: Sequence[PersonImage], seed: int) -> tuple[list[PersonImage], list[PersonImage]]:
    """Part held-out images into (query, gallery): one query for each identity and camera, as Market-1501 has it.

    An image that the rest of the gallery could not answer (its person is under no other camera there) stays in the
    gallery instead. Unknown cameras are taken to differ.

    Raises:
        MaskreidError: not one query can be made.
    """
    groups: dict[tuple[int, int], list[PersonImage]] = {}
    for image in images:
        groups.setdefault((image.identity, image.camera), []).append(image)
    rng = np.random.default_rng((seed, 1))
    chosen = [group[int(rng.integers(len(group)))] for _, group in sorted(groups.items())]
    query = {image.path for image in chosen}
    cameras: dict[int, list[int]] = {}  # of each identity's gallery images
    for image in images:
        if image.path not in query:
            cameras.setdefault(image.identity, []).append(image.camera)
    for image in chosen:
        seen = cameras.setdefault(image.identity, [])
        if image.identity <= 0 or not any(
            UNKNOWN_CAMERA in (camera, image.camera) or camera != image.camera for camera in seen
        ):
            query.remove(image.path)
            seen.append(image.camera)
    if not query:
        raise MaskreidError(
            f"no query can be made of {len({image.identity for image in images})} held-out identities: one needs "
            "images under two cameras, or two images where cameras are unknown; hold out more, or none"
        )
    return [i for i in images if i.path in query], [i for i in images if i.path not in query]
