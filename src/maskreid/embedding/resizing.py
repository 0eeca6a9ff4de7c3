"""Pillow's resizing as tensor operations, so that an exported graph can do it, at any size of the input."""

from __future__ import annotations

import torch
from torch import Tensor


def resize_bilinear(pixels: Tensor, size: tuple[int, int]) -> Tensor:
    """Resize as Pillow's BILINEAR does: a triangle as wide as the reduction, columns first, rounded to whole levels.

    Pillow computes in fixed point, so a level may differ by one where the exact value ends in a half.

    Args:
        pixels: (N, H, W, C) uint8.
        size: (height, width) of the result.

    Returns:
        (N, height, width, C) float32, whole levels from 0 to 255.
    """
    count, rows, columns, channels = pixels.shape
    wide = _level(_triangles(size[1], columns) @ pixels.float())
    tall = _triangles(size[0], rows) @ wide.reshape(count, rows, size[1] * channels)
    return _level(tall).reshape(count, size[0], size[1], channels)


def resize_nearest(masks: Tensor, size: tuple[int, int]) -> Tensor:
    """Resize as Pillow's NEAREST does, to the pixel.

    Args:
        masks: (N, H, W) of any type.
        size: (height, width) of the result.

    Returns:
        (N, height, width) of the same type.
    """
    rows, columns = (_steps(new, old) for new, old in zip(size, masks.shape[1:], strict=True))
    return masks.index_select(1, rows).index_select(2, columns)


def _triangles(new: int, old: int) -> Tensor:
    """Return each new pixel's weights on the old ones, (new, old) float32."""
    places = torch.arange(old, dtype=torch.float64) + 0.5
    scale = (places[-1] + 0.5) / new  # old / new, which an exporter may know only when the graph runs
    centres = (torch.arange(new, dtype=torch.float64) + 0.5) * scale
    distances = (places - centres[:, None]).abs() / scale.clamp(min=1)
    weights = (1 - distances).clamp(min=0)
    return (weights / weights.sum(1, keepdim=True)).float()


def _steps(new: int, old: int) -> Tensor:
    """Return which old pixel each new one is, (new,) int64.

    Pillow adds up steps of old / new in double precision, so that 5 may be 4.999...: its sums are repeated here,
    since multiples would give another row wherever a step ends on a pixel's border.
    """
    scale = (torch.arange(old, dtype=torch.float64)[-1] + 1) / new
    first = torch.arange(new) == 0
    return torch.where(first, scale / 2, scale).cumsum(0).long()


def _level(values: Tensor) -> Tensor:
    return (values + 0.5).floor().clamp(0, 255)
