"""From images and masks to features: what every way of running a model computes."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from maskreid.network.maskreid import MaskReID
from maskreid.network.preprocess import center_crop, prepare_input


def infer(
    network: MaskReID,
    pixels: Tensor,
    masks: Tensor,
    *,
    flip: bool = False,
    unit: bool = True,
    dtype: torch.dtype = torch.float32,
) -> Tensor:
    """Embed one batch with a network in evaluation mode.

    Args:
        network: the network, whose weights are ``dtype`` unless autocast is on.
        pixels: (N, H, W, 3) uint8 RGB, at least as large as the network's input size; the centre is cropped.
        masks: (N, H, W) uint8 or bool, non-zero on the person.
        flip: add the mirror image's feature: twice the time.
        unit: divide every feature by its length, as all that compares them needs.
        dtype: what the network reads.

    Returns:
        (N, dimension) float32 rows, of length 1 where ``unit``.

    Raises:
        MaskreidError: the images are smaller than the network's input size.
    """
    size = network.config.input_size
    image, masked = (x.to(dtype) for x in prepare_input(center_crop(pixels, size), center_crop(masks, size)))
    features: Tensor = network(image, masked).float()
    if flip:
        features = features + network(image.flip(3), masked.flip(3)).float()
    return F.normalize(features, dim=1) if unit else features
