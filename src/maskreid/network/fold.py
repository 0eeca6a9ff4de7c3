"""Batch normalisations folded into the layers before them: the same function with fewer passes over memory."""

from __future__ import annotations

import copy
from typing import TypeVar

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval, fuse_linear_bn_eval

from maskreid.network.maskreid import MaskReID

Network = TypeVar("Network", bound=nn.Module)


def folded(network: Network) -> Network:
    """Return a copy for evaluation without the batch normalisations that follow a convolution, or fc7.

    Outputs differ by rounding only. The copy does not learn, and its weights have other shapes in a file.
    """
    network = copy.deepcopy(network).eval().requires_grad_(False)
    for module in network.modules():
        if isinstance(module, nn.Sequential) and len(module) > 1:
            convolution, normalisation = module[0], module[1]
            if isinstance(convolution, nn.Conv2d) and isinstance(normalisation, nn.BatchNorm2d):
                module[0], module[1] = fuse_conv_bn_eval(convolution, normalisation), nn.Identity()
    if isinstance(network, MaskReID):
        network.fc7 = fuse_linear_bn_eval(network.fc7, network.fc7_bn)
        network.fc7_bn = nn.Identity()  # type: ignore[assignment]
    return network
