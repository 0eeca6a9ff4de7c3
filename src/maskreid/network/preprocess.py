"""Pixels and masks to the network's two inputs."""

from __future__ import annotations

import torch
from torch import Tensor

from maskreid.errors import MaskreidError

# Dataset mean of DGD, in the order it is subtracted from BGR channels; the masked background is the same triple in
# RGB order, as the paper's own figures have it, so that it is all but zero after the subtraction.
MEAN_BGR = (102.0, 102.0, 101.0)
BACKGROUND_RGB = (102.0, 102.0, 101.0)


def prepare_input(pixels: Tensor, masks: Tensor) -> tuple[Tensor, Tensor]:
    """Make the image and the masked image that a network reads.

    Args:
        pixels: (N, H, W, 3) uint8 RGB, already cropped to the network's input size.
        masks: (N, H, W) uint8 or bool, non-zero on the person.

    Returns:
        Two (N, 3, H, W) float32 tensors in channels-last memory: BGR minus the mean, not scaled.
    """
    person = masks.float() if masks.dtype == torch.bool else (masks != 0).float()
    image, masked = (torch.empty(pixels.shape, device=pixels.device) for _ in range(2))
    # Channel by channel, since what works on triples or broadcasts over them is several times slower on a CPU; and
    # multiplied, not chosen, since a choice at every pixel is too.
    for into, (mean, background) in enumerate(zip(MEAN_BGR, reversed(BACKGROUND_RGB), strict=True)):
        channel = pixels[..., 2 - into].float() - mean
        image[..., into] = channel
        masked[..., into] = (channel - (background - mean)) * person + (background - mean)
    return image.permute(0, 3, 1, 2), masked.permute(0, 3, 1, 2)


def center_crop(batch: Tensor, size: tuple[int, int]) -> Tensor:
    """Cut the middle out of (N, H, W) or (N, H, W, 3).

    Args:
        batch: images or masks.
        size: (height, width) of the middle; an odd rest leaves one more row below, one more column on the right.

    Raises:
        MaskreidError: the images are smaller than ``size``.
    """
    if batch.shape[1] < size[0] or batch.shape[2] < size[1]:
        raise MaskreidError(
            f"cannot crop {size[0]} x {size[1]} out of {batch.shape[1]} x {batch.shape[2]} images; resize them first"
        )
    top, left = (batch.shape[1] - size[0]) // 2, (batch.shape[2] - size[1]) // 2
    return batch[:, top : top + size[0], left : left + size[1]]
