"""Masks made worse on purpose, so that a network learns to live with those that a segmenter will get wrong."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Masks = npt.NDArray[np.uint8]

RIM = 3  # pixels that a mask grows or shrinks by at most
SHIFT = 8  # pixels that it moves by at most, in each direction
CUT = 0.5  # share of the height that it loses at most


def worsen_masks(masks: Masks, probability: float, rng: np.random.Generator) -> None:
    """Spoil some masks, in place: whole image instead, grown, shrunk, moved, or a band of rows lost; each as often.

    The whole image is what stands in for a mask that covers too little, so a network has to know it.

    Args:
        masks: (N, H, W) uint8, 1 on the person.
        probability: of each mask to be spoiled.
        rng: where the randomness comes from.
    """
    height = masks.shape[1]
    for i in np.flatnonzero(rng.random(len(masks)) < probability):
        how = rng.integers(5)
        if how == 0:
            masks[i] = 1
        elif how == 1:
            masks[i] = grow(masks[i], int(rng.integers(1, RIM + 1)))
        elif how == 2:
            masks[i] = 1 - grow(1 - masks[i], int(rng.integers(1, RIM + 1)))
        elif how == 3:
            masks[i] = move(masks[i], *rng.integers(-SHIFT, SHIFT + 1, 2).tolist())
        else:
            rows = round(rng.uniform(0, CUT) * height)
            top = rng.integers(height - rows + 1)
            masks[i, top : top + rows] = 0


def grow(mask: Masks, pixels: int) -> Masks:
    """Return (H, W) with every pixel set that has a set one at most so many pixels away, diagonals included."""
    for _ in range(pixels):
        padded = np.pad(mask, 1)
        rows = np.maximum(np.maximum(padded[:-2], padded[1:-1]), padded[2:])
        mask = np.maximum(np.maximum(rows[:, :-2], rows[:, 1:-1]), rows[:, 2:])
    return mask


def move(mask: Masks, down: int, right: int) -> Masks:
    """Return (H, W) moved; what leaves the image is lost, what comes in is background."""
    out = np.zeros_like(mask)
    rows, columns = (
        (slice(max(0, by), max(0, size + by)), slice(max(0, -by), max(0, size - by)))
        for by, size in zip((down, right), mask.shape, strict=True)
    )
    out[rows[0], columns[0]] = mask[rows[1], columns[1]]
    return out
