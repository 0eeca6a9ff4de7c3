from __future__ import annotations

import copy
from typing import Any

import pytest
import torch

from maskreid.errors import MaskreidError
from maskreid.network import MaskReID, Model, NetworkConfig, make_card
from maskreid.training import mix_models
from maskreid.training.learned import learned_before

CONFIG = NetworkConfig(width=0.1, dimension=16, input_size=(48, 32))


def model(seed: int, *before: Model, **training: Any) -> Model:
    network = MaskReID(CONFIG, generator=torch.Generator().manual_seed(seed))
    if before:
        training["before"] = learned_before([each.card["training"] for each in before])
    masks = {"source": "dataset", "min_share": 0.05}
    card = make_card(CONFIG, resize=(54, 36), masks=masks, training={"data": f"data {seed}", **training}, metrics={})
    return Model(network, {**card, "metrics": {"there": {}}, "calibration": {"people": 5}, "limits": "few"})


def test_half_way_back_to_where_it_started() -> None:
    start = model(1)
    trained = model(2, start)
    before = copy.deepcopy(trained.card)
    mixture = mix_models(trained, start)
    expected = (start.network.fc7.weight + trained.network.fc7.weight) / 2
    assert torch.allclose(mixture.network.fc7.weight, expected, atol=1e-6)
    assert mixture.card["training"].pop("mixed") == [{"share": 0.5, "start": start.fingerprint}]
    assert mixture.card["training"] == before["training"]
    assert (mixture.card["metrics"], mixture.card["limits"]) == ({}, "few")
    assert "calibration" not in mixture.card
    assert trained.card == before


def test_the_start_may_lie_several_trainings_back_and_a_mixture_can_be_trained_and_mixed_on() -> None:
    first = model(1)
    third = model(3, model(2, first))
    mixture = mix_models(third, first, 0.7)
    again = mix_models(mixture, first, 0.6)
    assert [entry["share"] for entry in again.card["training"]["mixed"]] == [0.7, 0.6]
    last = model(4, mixture)
    assert mix_models(last, mixture).card["training"]["before"] == last.card["training"]["before"]


def test_refuses_what_was_not_trained_from_it_or_changed_since() -> None:
    start = model(1)
    for other in (start, model(2), model(1, model(2))):
        with pytest.raises(MaskreidError, match="was not trained from the second, but from scratch"):
            mix_models(start, other)
    with pytest.raises(MaskreidError, match="but from runs/x as it was then; mix it with its start"):
        mix_models(model(3, start, recipe={"init": "runs/x"}), model(2))
    with pytest.raises(MaskreidError, match="mix before, and adapt the mixture"):
        mix_models(model(2, start, adapted=[{"data": "elsewhere"}]), start)
    adapted = model(1, adapted=[{"data": "elsewhere"}])
    assert mix_models(model(2, adapted), adapted).card["training"]["mixed"]
