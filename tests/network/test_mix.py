from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from maskreid.errors import MaskreidError
from maskreid.network import MaskReID, NetworkConfig, mixed

CONFIG = NetworkConfig(width=0.1, dimension=16, input_size=(48, 32))


def network(seed: int, config: NetworkConfig = CONFIG) -> MaskReID:
    """A network whose statistics of batches are its own, too."""
    made = MaskReID(config, generator=torch.Generator().manual_seed(seed))
    generator = torch.Generator().manual_seed(seed)
    for name, value in made.state_dict().items():
        if value.is_floating_point():
            value += torch.rand(value.shape, generator=generator)
        elif name.endswith("num_batches_tracked"):
            value += seed
    return made.train()


def test_every_weight_and_statistic_is_of_both() -> None:
    trained, start = network(1), network(2)
    before = {name: value.clone() for name, value in trained.state_dict().items()}
    mixture = mixed(trained, start, 0.75)
    for name, value in mixture.state_dict().items():
        one, other = before[name], start.state_dict()[name]
        if value.is_floating_point():
            for a, b, c in zip(value.flatten()[:5], one.flatten()[:5], other.flatten()[:5], strict=True):
                assert float(a) == pytest.approx(0.75 * float(b) + 0.25 * float(c), abs=1e-6)
        else:
            assert value.equal(one)
        assert trained.state_dict()[name].equal(one)  # it stays as it is
    assert not mixture.training


def test_refuses() -> None:
    for share in (0.0, 1.0, -0.5, 2.0, float("nan")):
        with pytest.raises(MaskreidError, match=f"between 0 .* and 1 .*, got {share:g}"):
            mixed(network(1), network(2), share)
    other = replace(CONFIG, dimension=32, pooling="gem")
    with pytest.raises(MaskreidError, match="since they differ: dimension 16 and 32, pooling average and gem"):
        mixed(network(1), network(2, other), 0.5)
