"""The learning rate at every iteration, and the optimiser with DGD's per-parameter rules."""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from maskreid.training.recipe import ScheduleConfig


def learning_rate(config: ScheduleConfig, iteration: int) -> float:
    """The rate at ``iteration`` (from 0).

    ``stepdecr`` is DGD's rule: the initial rate falls linearly, by ``gamma`` of itself every ``step`` iterations
    (Cysu/caffe); ``poly`` is Caffe's; ``cosine`` falls to zero along half a wave.
    """
    base = config.learning_rate
    if config.policy == "stepdecr":
        rate = max(config.floor, base * (1 - config.gamma * (iteration // config.step)))
    elif config.policy == "poly":
        rate = base * (1 - iteration / config.iterations) ** config.power
    else:
        rate = base * 0.5 * (1 + math.cos(math.pi * iteration / config.iterations))
    return rate * min(1.0, (iteration + 1) / config.warm_up) if config.warm_up else rate


def make_optimizer(modules: Iterable[nn.Module], config: ScheduleConfig, *, fused: bool = False) -> torch.optim.SGD:
    """Stochastic gradient descent with DGD's multipliers.

    Weights learn at the base rate and decay; the biases of convolutions and linear layers learn at twice the rate
    without decay; batch normalisation learns at the base rate without decay. Each parameter group carries its
    multiplier as ``"multiplier"``; `set_learning_rate` applies it. ``fused`` updates all parameters in one pass,
    which pays on a GPU; on a CPU the update is under 1 % of a step either way.
    """
    weights, biases, norms = [], [], []
    for module in modules:
        for layer in module.modules():
            own = dict(layer.named_parameters(recurse=False))
            if isinstance(layer, _BatchNorm):
                norms += list(own.values())
            else:
                weights += [p for name, p in own.items() if name != "bias"]
                biases += [p for name, p in own.items() if name == "bias"]
    return torch.optim.SGD(
        [
            {"params": weights, "multiplier": 1.0, "weight_decay": config.weight_decay},
            {"params": biases, "multiplier": 2.0, "weight_decay": 0.0},
            {"params": norms, "multiplier": 1.0, "weight_decay": 0.0},
        ],
        lr=config.learning_rate,
        momentum=config.momentum,
        fused=fused or None,
    )


def set_learning_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Give every parameter group ``rate`` times its multiplier."""
    for group in optimizer.param_groups:
        group["lr"] = rate * group["multiplier"]
