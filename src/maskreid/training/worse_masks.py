"""Masks made worse on purpose, so that a network learns to live with those that a segmenter will get wrong."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

RIM = 3  # pixels that a mask grows or shrinks by at most
SHIFT = 8  # pixels that it moves by at most, in each direction
CUT = 0.5  # share of the height that it loses at most


def draw_spoiling(count: int, height: int, probability: float, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Draw what happens to each of ``count`` masks: whole image instead, grown, shrunk, moved, or rows lost.

    Each happens as often. The whole image is what stands in for a mask that covers too little, so a network has to
    know it.

    Returns:
        (count, 7) int64: 1 for the whole image; 1 for a mask that shrinks where others grow; pixels to grow or
        shrink by; rows to move down and columns to move right by; first row that is lost, and the first after it.
        All are 0 for a mask that stays as it is.
    """
    hit = rng.random(count) < probability
    how = np.where(hit, rng.integers(5, size=count), -1)
    rims = rng.integers(1, RIM + 1, count) * ((how == 1) | (how == 2))
    moves = rng.integers(-SHIFT, SHIFT + 1, (count, 2)) * (how == 3)[:, None]
    lost = np.rint(rng.uniform(0, CUT, count) * height).astype(np.int64)
    first = rng.integers(height - lost + 1)
    rows = np.stack([first, first + lost], 1) * (how == 4)[:, None]
    return np.column_stack([how == 0, how == 2, rims, moves, rows]).astype(np.int64)


def worsen_masks(masks: Tensor, spoiling: Tensor) -> Tensor:
    """Spoil masks as `draw_spoiling` drew it.

    Args:
        masks: (N, H, W) uint8, 0 or 1.
        spoiling: (N, 7) int64, on the same device.
    """
    whole, shrinks, rims, down, right, first, last = spoiling[:, :, None, None].unbind(1)
    inverse = shrinks.to(torch.uint8)  # a mask shrinks where what surrounds it grows
    masks = grow(masks ^ inverse, rims) ^ inverse
    masks = move(masks, down, right)
    rows = torch.arange(masks.shape[1], device=masks.device)[:, None]
    masks = masks * ~((rows >= first) & (rows < last))
    return torch.maximum(masks, whole.to(torch.uint8))


def grow(masks: Tensor, pixels: Tensor) -> Tensor:
    """Set every pixel that has a set one at most so many pixels away, diagonals included.

    Args:
        masks: (N, H, W) uint8, 0 or 1.
        pixels: (N, 1, 1) int64, at most `RIM`.
    """
    for step in range(RIM):
        rows = masks.clone()
        rows[:, 1:] |= masks[:, :-1]
        rows[:, :-1] |= masks[:, 1:]
        grown = rows.clone()
        grown[:, :, 1:] |= rows[:, :, :-1]
        grown[:, :, :-1] |= rows[:, :, 1:]
        masks = torch.where(pixels > step, grown, masks)
    return masks


def move(masks: Tensor, down: Tensor, right: Tensor) -> Tensor:
    """Move masks; what leaves the image is lost, what comes in is background.

    Args:
        masks: (N, H, W) uint8.
        down: (N, 1, 1) int64.
        right: (N, 1, 1) int64.
    """
    count, height, width = masks.shape
    rows = torch.arange(height, device=masks.device)[:, None] - down
    columns = torch.arange(width, device=masks.device) - right
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    images = torch.arange(count, device=masks.device)[:, None, None]
    return masks[images, rows.clamp(0, height - 1), columns.clamp(0, width - 1)] * inside
