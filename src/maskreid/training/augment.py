"""Random crop, zoom, mirror, colours and erasing, of a whole batch at once on any device; a mask goes with its image.

Chances are drawn on the CPU, so that they depend on the seed alone; what they do is done where the images are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from maskreid.network import BACKGROUND_RGB

Integers = npt.NDArray[np.int64]
Tables = npt.NDArray[np.uint8]

ZOOM = 0.75  # least share of an image's height, and of its width, that a zoomed window has
CONTRAST = 0.3  # natural logarithm of its largest factor
BRIGHTNESS = 32  # most that all channels gain or lose together, of 255 ...
CAST = 16  # ... and each by itself

# The mean colour outside of the mask, as four bytes in one number.
ERASED = torch.tensor([*map(int, BACKGROUND_RGB), 0], dtype=torch.uint8).view(torch.int32)


@dataclass(frozen=True)
class Windows:
    """Which window, in pixels, is cut out of each of N images, and which are mirrored (1 or 0): (N,) int64 each."""

    tops: Integers
    lefts: Integers
    heights: Integers
    widths: Integers
    mirrored: Integers


def draw_windows(
    count: int, whole: tuple[int, int], size: tuple[int, int], rng: np.random.Generator, *, flip: bool
) -> Windows:
    """Draw a window of ``size`` (height, width) in each of ``count`` images of ``whole``; mirror half if ``flip``."""
    tops = rng.integers(0, whole[0] - size[0] + 1, count)
    lefts = rng.integers(0, whole[1] - size[1] + 1, count)
    mirrored = (rng.random(count) < (0.5 if flip else 0.0)).astype(np.int64)
    return Windows(tops, lefts, np.full(count, size[0]), np.full(count, size[1]), mirrored)


def zoom(windows: Windows, whole: tuple[int, int], probability: float, rng: np.random.Generator) -> Windows:
    """Replace some windows by others of any size and shape, as another detector would have drawn its box.

    Height and width are drawn by themselves, from `ZOOM` of the image's to all of it; the window is anywhere in it.
    """
    count = len(windows.tops)
    hit = rng.random(count) < probability
    least = [math.ceil(ZOOM * side) for side in whole]
    heights, widths = (rng.integers(low, side + 1, count) for low, side in zip(least, whole, strict=True))
    tops, lefts = rng.integers(whole[0] - heights + 1), rng.integers(whole[1] - widths + 1)
    return Windows(
        np.where(hit, tops, windows.tops),
        np.where(hit, lefts, windows.lefts),
        np.where(hit, heights, windows.heights),
        np.where(hit, widths, windows.widths),
        windows.mirrored,
    )


def draw_holes(count: int, size: tuple[int, int], probability: float, rng: np.random.Generator) -> Integers:
    """Draw what is erased from each of ``count`` images (random erasing, Zhong et al., AAAI 2020).

    A rectangle covers 2 to 25 % of the image and is up to three times as tall as wide or the other way round.

    Returns:
        (count, 4) int64: top, bottom, left, right; bottom and right are outside. Nothing is erased where all are 0.
    """
    height, width = size
    hit = rng.random(count) < probability
    area = rng.uniform(0.02, 0.25, count) * height * width
    ratio = np.exp(rng.uniform(-np.log(3), np.log(3), count))
    tall = np.minimum(height, np.rint(np.sqrt(area * ratio)).astype(np.int64))
    wide = np.minimum(width, np.rint(np.sqrt(area / ratio)).astype(np.int64))
    tops, lefts = rng.integers(height - tall + 1), rng.integers(width - wide + 1)
    return np.stack([tops, tops + tall, lefts, lefts + wide], 1) * hit[:, None]


def draw_tones(count: int, probability: float, rng: np.random.Generator) -> Tables:
    """Draw other colours for some of ``count`` images, as another camera or another light gives them.

    About the mean colour, contrast changes by a factor; then all channels gain or lose together, and each by itself.

    Returns:
        (count, 3, 256) uint8: what each value of red, green and blue becomes; itself where nothing changes.
    """
    hit = rng.random(count) < probability
    contrast = np.exp(rng.uniform(-CONTRAST, CONTRAST, count))
    shift = rng.uniform(-BRIGHTNESS, BRIGHTNESS, (count, 1)) + rng.uniform(-CAST, CAST, (count, 3))
    contrast, shift = np.where(hit, contrast, 1.0), shift * hit[:, None]
    middle = np.array(BACKGROUND_RGB)[:, None]
    values = (np.arange(256) - middle) * contrast[:, None, None] + middle + shift[:, :, None]
    tables: Tables = np.rint(values).clip(0, 255).astype(np.uint8)
    return tables


def crop_and_flip(images: Tensor, drawn: Tensor, size: tuple[int, int]) -> Tensor:
    """Cut a window out of each chosen image, stretched to ``size`` if it has another one, some of them mirrored.

    Args:
        images: (M, H, W), a number for each pixel.
        drawn: (N, 6) int64: which of the M; the window's top, left, height and width; 1 where left and right change
            places.
        size: (h, w) of what comes out.

    Returns:
        (N, h, w); of a window of another size, each pixel is the nearest one.
    """
    _, height, width = images.shape
    chosen, tops, lefts, heights, widths, mirrored = drawn.unbind(1)
    across = _nearest(widths, size[1])
    rows = (chosen * height + tops)[:, None] + _nearest(heights, size[0])
    columns = lefts[:, None] + torch.where(mirrored[:, None] != 0, across.flip(1), across)
    # One index for each pixel is five times faster on a CPU than an index for each dimension.
    pixels = (rows * width)[:, :, None] + columns[:, None, :]
    return images.reshape(-1).index_select(0, pixels.reshape(-1)).view(pixels.shape)


def _nearest(lengths: Tensor, count: int) -> Tensor:
    """Return (N, count) int64: which of so many pixels is nearest to each of ``count`` over the same length."""
    middles = 2 * torch.arange(count, device=lengths.device) + 1
    return middles * lengths[:, None] // (2 * count)


def retone(pixels: Tensor, tables: Tensor) -> None:
    """Change the colours of each image, in place.

    Args:
        pixels: (N, H, W) int32, red, green, blue and mask in four bytes.
        tables: (N, 3, 256) uint8 from `draw_tones`.
    """
    channels = pixels.view(torch.uint8).view(*pixels.shape, 4)
    for channel in range(3):
        values = channels[..., channel]
        changed = tables[:, channel].gather(1, values.flatten(1).long())
        channels[..., channel] = changed.view(values.shape)


def erase(pixels: Tensor, holes: Tensor) -> Tensor:
    """Fill a rectangle of each image with the mean colour, and take it out of the mask.

    It is background in both of the network's inputs.

    Args:
        pixels: (N, H, W) int32, red, green, blue and mask in four bytes: see `maskreid.training.feeder`.
        holes: (N, 4) int64 from `draw_holes`.
    """
    _, height, width = pixels.shape
    tops, bottoms, lefts, rights = holes[:, :, None].unbind(1)
    rows, columns = (torch.arange(size, device=pixels.device) for size in (height, width))
    tall, wide = (rows >= tops) & (rows < bottoms), (columns >= lefts) & (columns < rights)
    return torch.where(tall[:, :, None] & wide[:, None, :], ERASED.to(pixels.device), pixels)
