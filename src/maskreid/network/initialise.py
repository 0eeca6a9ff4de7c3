"""Initial weights as DGD's prototxt has them."""

from __future__ import annotations

import math

import torch
from torch import nn

CONV_BIAS = 0.2


def initialise(network: nn.Module, generator: torch.Generator | None = None) -> None:
    """Set every layer in place: Caffe's "xavier", uniform in +-sqrt(3 / fan_in), for convolutions and fc7.

    Biases start at 0.2 in convolutions and 0 in linear layers; batch normalisation at slope 1 and shift 0.
    """
    for layer in network.modules():
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            bound = math.sqrt(3 / layer.weight[0].numel())
            nn.init.uniform_(layer.weight, -bound, bound, generator=generator)
            if layer.bias is not None:
                nn.init.constant_(layer.bias, CONV_BIAS if isinstance(layer, nn.Conv2d) else 0.0)
        elif isinstance(layer, (nn.BatchNorm1d, nn.BatchNorm2d)):
            nn.init.ones_(layer.weight)
            nn.init.zeros_(layer.bias)
