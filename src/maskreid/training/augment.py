"""Random crop, mirror and erasing, the same for an image and its mask."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from maskreid.network import BACKGROUND_RGB

Pixels = npt.NDArray[np.uint8]


def crop_and_flip(
    pixels: Pixels, masks: Pixels, size: tuple[int, int], rng: np.random.Generator, *, flip: bool
) -> tuple[Pixels, Pixels]:
    """Cut a random window out of each image and mirror half of them.

    Args:
        pixels: (N, H, W, 3) uint8.
        masks: (N, H, W) uint8.
        size: (h, w) of the window, at most (H, W).
        rng: where the randomness comes from.
        flip: whether to mirror.

    Returns:
        (N, h, w, 3) and (N, h, w): the same window and the same mirroring for each image and its mask.
    """
    count, height, width = masks.shape
    tops = rng.integers(0, height - size[0] + 1, count)
    lefts = rng.integers(0, width - size[1] + 1, count)
    mirrored = np.less(rng.random(count), 0.5 if flip else 0.0)
    image_out = np.empty((count, *size, 3), np.uint8)
    mask_out = np.empty((count, *size), np.uint8)
    for i in range(count):
        window = slice(tops[i], tops[i] + size[0]), slice(lefts[i], lefts[i] + size[1])
        step = -1 if mirrored[i] else 1
        image_out[i] = pixels[i][window][:, ::step]
        mask_out[i] = masks[i][window][:, ::step]
    return image_out, mask_out


def erase(pixels: Pixels, masks: Pixels, probability: float, rng: np.random.Generator) -> None:
    """Fill a rectangle of some images with the mean colour, in place (random erasing, Zhong et al., AAAI 2020).

    The rectangle also leaves the mask: it is background in both of the network's inputs. It covers 2 to 25 % of the
    image and is up to three times as tall as wide or the other way round.

    Args:
        pixels: (N, H, W, 3) uint8.
        masks: (N, H, W) uint8.
        probability: of each image to be erased from.
        rng: where the randomness comes from.
    """
    count, height, width = masks.shape
    for i in np.flatnonzero(rng.random(count) < probability):
        area = rng.uniform(0.02, 0.25) * height * width
        ratio = np.exp(rng.uniform(-np.log(3), np.log(3)))
        tall = min(height, round(np.sqrt(area * ratio)))
        wide = min(width, round(np.sqrt(area / ratio)))
        top, left = rng.integers(height - tall + 1), rng.integers(width - wide + 1)
        pixels[i, top : top + tall, left : left + wide] = BACKGROUND_RGB
        masks[i, top : top + tall, left : left + wide] = 0
