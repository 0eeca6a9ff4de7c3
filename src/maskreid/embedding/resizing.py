"""Pillow's resizing as tensor operations, so that an exported graph can do it, at any size of the input."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

KNOWN = 512  # the largest size of which Pillow's steps are in the graph; above, a row more or less is next to nothing


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
    """Resize as Pillow's NEAREST does, to the pixel up to `KNOWN` rows and columns.

    Args:
        masks: (N, H, W) of any type.
        size: (height, width) of the result.

    Returns:
        (N, height, width) of the same type.
    """
    rows, columns = (_steps(new, old) for new, old in zip(size, masks.shape[1:], strict=True))
    return masks.index_select(1, rows).index_select(2, columns)


def _triangles(new: int, old: int) -> Tensor:
    """Return each new pixel's weights on the old ones, (new, old) float32.

    All but the last division is of whole numbers: a runtime that computes in half precision cannot spoil the places.
    """
    olds = 2 * torch.arange(old) + 1
    size = (olds[-1] + 1) // 2  # which an exporter may know only when the graph runs
    apart = (olds * new - (2 * torch.arange(new) + 1)[:, None] * size).abs()  # 2 new to a pixel
    weights = (2 * size.clamp(min=new) - apart).clamp(min=0).float()
    return weights / weights.sum(1, keepdim=True)


def _steps(new: int, old: int) -> Tensor:
    """Return which old pixel each new one is, (new,) int64.

    Pillow adds up steps of old / new in double precision, so that 5 may be 4.999..., and takes another row than exact
    numbers would wherever a step ends on a pixel's border. Its sums are looked up: not every runtime has doubles.
    """
    size = torch.arange(old)[-1] + 1
    exact = (2 * torch.arange(new) + 1) * size // (2 * new)
    known = torch.from_numpy(_pillow_steps(new)).index_select(0, size.clamp(max=KNOWN).reshape(1))[0]
    return torch.where(size <= KNOWN, known.long(), exact)


@cache
def _pillow_steps(new: int) -> npt.NDArray[np.int32]:
    """Return what `_steps` looks up: for each old size up to `KNOWN`, a row of ``new`` places."""
    steps = np.repeat(np.arange(KNOWN + 1)[:, None] / new, new, axis=1)
    steps[:, 0] /= 2
    return steps.cumsum(axis=1).astype(np.int32)


def _level(values: Tensor) -> Tensor:
    return (values + 0.5).floor().clamp(0, 255)
