from __future__ import annotations

import pytest
import torch
from torch import nn

from maskreid.training.recipe import ScheduleConfig
from maskreid.training.schedule import learning_rate, make_optimizer, set_learning_rate


@pytest.mark.parametrize(
    ("iteration", "rate"), [(0, 0.1), (1_999, 0.1), (2_000, 0.096), (4_000, 0.092), (48_000, 0.004), (50_000, 0.0005)]
)
def test_stepdecr_is_the_archived_dgd_log(iteration: int, rate: float) -> None:
    assert learning_rate(ScheduleConfig(), iteration) == pytest.approx(rate)


def test_poly_and_cosine_by_hand() -> None:
    poly = ScheduleConfig(policy="poly", learning_rate=0.01, iterations=100)
    assert learning_rate(poly, 75) == pytest.approx(0.005)
    cosine = ScheduleConfig(policy="cosine", learning_rate=0.2, iterations=100)
    assert [learning_rate(cosine, t) for t in (0, 50, 100)] == pytest.approx([0.2, 0.1, 0.0])


def test_warm_up_rises_linearly_to_the_policys_rate() -> None:
    config = ScheduleConfig(learning_rate=0.1, warm_up=4)
    assert [learning_rate(config, t) for t in range(5)] == pytest.approx([0.025, 0.05, 0.075, 0.1, 0.1])


def test_biases_learn_twice_as_fast_and_only_weights_decay() -> None:
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(4, 2))
    optimizer = make_optimizer([network], ScheduleConfig(weight_decay=0.5))
    set_learning_rate(optimizer, 0.3)
    rules = {
        id(parameter): (group["lr"], group["weight_decay"])
        for group in optimizer.param_groups
        for parameter in group["params"]
    }
    assert len(rules) == len(list(network.parameters()))
    for layer in (network[0], network[3]):
        assert rules[id(layer.weight)] == (0.3, 0.5)
        assert rules[id(layer.bias)] == (0.6, 0.0)
    assert rules[id(network[1].weight)] == rules[id(network[1].bias)] == (0.3, 0.0)


@pytest.mark.parametrize("fused", [False, True])
def test_one_step_by_hand(fused: bool) -> None:
    layer = nn.Linear(1, 1)
    with torch.no_grad():
        layer.weight.fill_(2.0)
        layer.bias.fill_(1.0)
    optimizer = make_optimizer([layer], ScheduleConfig(weight_decay=0.1, momentum=0.9), fused=fused)
    set_learning_rate(optimizer, 0.5)
    layer(torch.ones(1, 1)).sum().backward()
    optimizer.step()
    assert layer.weight.item() == pytest.approx(2 - 0.5 * (1 + 0.1 * 2))
    assert layer.bias.item() == pytest.approx(1 - 1.0 * 1)
