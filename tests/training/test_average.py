from __future__ import annotations

import torch

from maskreid.network import MaskReID, NetworkConfig
from maskreid.training.average import MovingAverage

CONFIG = NetworkConfig(width=0.125, dimension=8, input_size=(32, 32))


def fill(network: MaskReID, value: float) -> None:
    for tensor in network.state_dict().values():
        tensor.fill_(value)


def test_the_average_by_hand_with_the_decay_rising() -> None:
    network = MaskReID(CONFIG)
    fill(network, 8)
    average = MovingAverage(network, decay=0.2)
    expected = 8.0
    for iteration, (value, decay) in enumerate([(4, 1 / 10), (2, 2 / 11), (16, 0.2), (1, 0.2)]):  # 3 / 12 > 0.2
        fill(network, value)
        average.update(network, iteration)
        expected = decay * expected + (1 - decay) * value
        for name, tensor in average.network.state_dict().items():
            wanted = value if name.endswith("num_batches_tracked") else expected
            torch.testing.assert_close(tensor, torch.full_like(tensor, wanted), msg=name)


def test_the_average_begins_at_the_network_and_is_apart_from_it() -> None:
    network = MaskReID(CONFIG, torch.Generator().manual_seed(0))
    average = MovingAverage(network, decay=0.9)
    assert all(map(torch.equal, network.state_dict().values(), average.network.state_dict().values()))
    fill(network, 5)
    assert (average.network.fc7_bn.running_var == 1).all()
    assert not average.network.training
    assert network.training
    assert not any(parameter.requires_grad for parameter in average.network.parameters())
