"""Small networks whose batch normalisations have seen something."""

from __future__ import annotations

from typing import Any

import torch

from maskreid.network import MaskReID, Model, NetworkConfig, make_card

MIN_SHARE = 0.05


def made(masks: str = "fcn", flip: bool = False, **config: Any) -> Model:
    """Return a model with random weights that reads 54 x 36 pixels."""
    network = NetworkConfig(**{"width": 0.25, "dimension": 16, "input_size": (48, 32), **config})
    random = torch.Generator().manual_seed(0)
    built = MaskReID(network, random).eval()
    for layer in built.modules():
        if isinstance(layer, torch.nn.BatchNorm2d | torch.nn.BatchNorm1d):
            layer.running_mean.normal_(generator=random)
            layer.running_var.uniform_(0.5, 2, generator=random)
    policy = {"source": masks, "min_share": MIN_SHARE}
    return Model(built, make_card(network, resize=(54, 36), masks=policy, flip=flip, training={}, metrics={}))
