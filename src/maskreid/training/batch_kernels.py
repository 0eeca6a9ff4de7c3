"""A batch on the CPU in two passes over its pixels, where tensor operations take twenty."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from maskreid.compiled import compiled


@compiled
def cut(
    images: NDArray[np.int32],
    plan: NDArray[np.int64],
    tables: NDArray[np.uint8],
    erased: np.int32,
    out: NDArray[np.int32],
) -> None:
    """Crop, zoom, mirror, change colours and erase: the functions of `maskreid.training.augment` in one.

    Args:
        images: (M, H, W).
        plan: (n, 10): image; top, left, height and width of the window; mirrored; top, bottom, left and right of the
            hole.
        tables: (n, 3, 256) what red, green and blue become; (0, 3, 256) where they stay.
        erased: what a pixel in a hole becomes.
        out: (n, h, w), written.
    """
    count, height, width = out.shape
    for i in range(count):
        image, top, left = plan[i, 0], plan[i, 1], plan[i, 2]
        tall, wide, mirrored = plan[i, 3], plan[i, 4], plan[i, 5]
        upper, lower, near, far = plan[i, 6], plan[i, 7], plan[i, 8], plan[i, 9]
        for y in range(height):
            row = images[image, top + (2 * y + 1) * tall // (2 * height), left : left + wide]
            to = out[i, y]
            if wide != width:
                for x in range(width):
                    to[width - 1 - x if mirrored else x] = row[(2 * x + 1) * wide // (2 * width)]
            elif mirrored:
                to[:] = row[::-1]  # half the time of a loop that counts down
            else:
                for x in range(width):
                    to[x] = row[x]
            if len(tables):
                for x in range(width):
                    red, green, blue = to[x] & 255, to[x] >> 8 & 255, to[x] >> 16 & 255
                    mask = to[x] >> 24
                    red, green, blue = tables[i, 0, red], tables[i, 1, green], tables[i, 2, blue]
                    to[x] = mask << 24 | np.int32(blue) << 16 | np.int32(green) << 8 | np.int32(red)
            if upper <= y < lower:
                to[near:far] = erased


@compiled
def normalise(
    channels: NDArray[np.uint8],
    mean: NDArray[np.float32],
    background: NDArray[np.float32],
    image: NDArray[np.float32],
    masked: NDArray[np.float32],
) -> None:
    """Write a network's two inputs: `maskreid.network.prepare_input`.

    Args:
        channels: (P, 4) red, green, blue and mask of each pixel.
        mean: (3,) of blue, green and red.
        background: (3,) likewise, with the mean subtracted.
        image: (P, 3), written.
        masked: (P, 3), written.
    """
    mean_0, mean_1, mean_2 = mean[0], mean[1], mean[2]
    none_0, none_1, none_2 = background[0], background[1], background[2]
    for i in range(len(channels)):
        blue = np.float32(channels[i, 2]) - mean_0
        green = np.float32(channels[i, 1]) - mean_1
        red = np.float32(channels[i, 0]) - mean_2
        person = channels[i, 3] != 0
        image[i, 0], image[i, 1], image[i, 2] = blue, green, red
        masked[i, 0] = blue if person else none_0
        masked[i, 1] = green if person else none_1
        masked[i, 2] = red if person else none_2
