"""Images at another size, the same from every version of Pillow."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image


def resize_bilinear(pixels: npt.NDArray[np.uint8], size: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """Resize with Pillow, bilinear, and smoothed as it shrinks.

    Columns first, then rows. Left to itself, Pillow begins with what is faster, which from version 13 on depends on
    the sizes, and the other order rounds some pixels to the next level.

    Args:
        pixels: (H, W) or (H, W, 3) uint8.
        size: (height, width) of the result.
    """
    for step in ((size[1], pixels.shape[0]), (size[1], size[0])):
        if pixels.shape[1::-1] != step:
            pixels = np.asarray(Image.fromarray(pixels).resize(step, Image.Resampling.BILINEAR))
    return pixels
