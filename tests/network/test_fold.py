"""Folding changes rounding, not the function."""

from __future__ import annotations

import pytest
import torch

from maskreid.masks import load_segmenter
from maskreid.network import MaskReID, NetworkConfig, folded


@pytest.mark.parametrize("fusion", ["none", "gap", "conv1x1", "conv3x3"])
def test_a_folded_network_gives_the_same_features(fusion: str) -> None:
    random = torch.Generator().manual_seed(0)
    config = NetworkConfig(width=0.25, dimension=16, input_size=(48, 32), fusion=fusion)  # type: ignore[arg-type]
    network = MaskReID(config, random)
    for layer in network.modules():
        if isinstance(layer, torch.nn.BatchNorm2d | torch.nn.BatchNorm1d):
            layer.running_mean.normal_(generator=random)
            layer.running_var.uniform_(0.5, 2, generator=random)
            torch.nn.init.normal_(layer.weight, 1, 0.2, generator=random)
    image, masked = (50 * torch.randn(3, 3, 48, 32, generator=random) for _ in range(2))
    with torch.inference_mode():
        expected, found = network.eval()(image, masked), folded(network)(image, masked)
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-4 * float(expected.abs().max()))
    assert not any("BatchNorm" in type(layer).__name__ for layer in folded(network).modules())
    assert any("BatchNorm" in type(layer).__name__ for layer in network.modules())


def test_the_segmenter_folds_too() -> None:
    pixels = 255 * torch.rand(2, 3, 64, 32, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        torch.testing.assert_close(folded(load_segmenter())(pixels), load_segmenter()(pixels), rtol=1e-3, atol=1e-2)
