"""Which loss sees what, and with which weight."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest
import torch

from maskreid import losses
from maskreid.errors import MaskreidError
from maskreid.losses import ranking_loss, softmax_loss, triplet_loss
from maskreid.network import Classifier
from maskreid.training import LossConfig
from maskreid.training.objective import check_installed, objective
from maskreid.training.recipe import LOSS_NAMES

TARGETS = torch.arange(6) // 2
TABLE = torch.eye(3, 8)
TAUGHT = torch.randn(6, 5, generator=torch.Generator().manual_seed(3))
ALL = LossConfig(**{name: 0.5 for name in LOSS_NAMES}, dropout=0.0, relu=False)


def features(seed: int) -> torch.Tensor:
    return torch.randn(6, 8, generator=torch.Generator().manual_seed(seed), requires_grad=True)


def classifier() -> Classifier:
    return Classifier(8, 3, dropout=0.0, relu=False, generator=torch.Generator().manual_seed(2))


def test_the_sum_is_weighted_and_the_parts_are_not() -> None:
    config = LossConfig(softmax=2.0, triplet=0.5, ranking=0.25)
    compared, classified, scores = features(0), features(1), classifier()
    total, parts = objective(config, compared, classified, TARGETS, scores, None, None, torch.Generator())
    expected = {
        "softmax": softmax_loss(scores(classified)[:, 0], TARGETS),
        "triplet": triplet_loss(compared, TARGETS),
        "ranking": ranking_loss(compared, TARGETS),
    }
    assert {name: float(value) for name, value in parts.items()} == pytest.approx(
        {name: value.item() for name, value in expected.items()}
    )
    assert total.item() == pytest.approx(2 * parts["softmax"] + 0.5 * parts["triplet"] + 0.25 * parts["ranking"])


def test_the_softmax_loss_of_a_feature_in_parts_is_the_mean_of_theirs() -> None:
    scores = Classifier(8, 3, dropout=0.0, relu=False, parts=2)
    total, _ = objective(LossConfig(), features(0), features(1), TARGETS, scores, None, None, torch.Generator())
    logits = [features(1)[:, part] @ scores.fc8.weight[:, part].T for part in (slice(0, 4), slice(4, 8))]
    assert total.item() == pytest.approx(sum(softmax_loss(each, TARGETS).item() for each in logits) / 2)


@pytest.mark.parametrize("name", LOSS_NAMES)
def test_around_a_neck_metric_losses_read_what_enters_it_and_others_what_leaves_it(name: str) -> None:
    others = {other: 0.0 for other in LOSS_NAMES if other != name}
    config = replace(ALL, **others)
    before, after = features(0), features(1)
    total, _ = objective(
        config,
        before,
        after,
        TARGETS,
        classifier() if config.softmax else None,
        TABLE if config.oim else None,
        TAUGHT if config.distillation else None,
        torch.Generator(),
    )
    total.backward()
    seen, unseen = (after, before) if name in ("softmax", "oim", "distillation") else (before, after)
    assert seen.grad is not None
    assert seen.grad.abs().sum() > 0
    assert unseen.grad is None


def test_every_parameter_of_a_recipe_reaches_its_loss() -> None:
    """All other than the losses' own defaults, and each loss called once more with the numbers themselves."""
    config = replace(
        ALL,
        label_smoothing=0.2,
        triplet_margin=0.7,
        margin=0.6,
        lambda_=3.0,
        temperature=0.5,
        contrastive_margin=0.8,
        quadruplet_margin=0.9,
        oim_scale=7.0,
        circle_margin=0.4,
        circle_scale=11.0,
    )
    compared, classified, scores = features(0), features(1), classifier()

    def pairs() -> torch.Generator:
        return torch.Generator().manual_seed(5)

    _, parts = objective(config, compared, classified, TARGETS, scores, TABLE, TAUGHT, pairs())
    expected = {
        "softmax": losses.softmax_loss(scores(classified)[:, 0], TARGETS, label_smoothing=0.2),
        "triplet": losses.triplet_loss(compared, TARGETS, margin=0.7),
        "n_pair": losses.n_pair_loss(compared, TARGETS, pairs(), temperature=0.5),
        "full_ranking": losses.full_ranking_loss(compared, TARGETS, temperature=0.5),
        "ranking": losses.ranking_loss(compared, TARGETS, margin=0.6, lambda_=3.0, temperature=0.5),
        "contrastive": losses.contrastive_loss(compared, TARGETS, margin=0.8),
        "quadruplet": losses.quadruplet_loss(compared, TARGETS, margin=0.9),
        "oim": losses.oim_loss(classified, TARGETS, TABLE, scale=7.0),
        "circle": losses.circle_loss(compared, TARGETS, margin=0.4, scale=11.0),
        "distillation": losses.distillation_loss(classified, TAUGHT),
    }
    assert set(parts) == set(LOSS_NAMES)
    assert {name: value.item() for name, value in parts.items()} == pytest.approx(
        {name: value.item() for name, value in expected.items()}
    )
    _, plain = objective(ALL, compared, classified, TARGETS, scores, TABLE, TAUGHT, pairs())
    same = [name for name in LOSS_NAMES if parts[name].item() == pytest.approx(plain[name].item())]
    assert same == ["distillation"]  # which has no parameter


def test_a_loss_without_a_weight_needs_no_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pytorch_metric_learning", None)
    check_installed(LossConfig())
    for name in losses.LIBRARY:
        with pytest.raises(MaskreidError, match=rf"loss\.{name} is pytorch-metric-learning's"):
            check_installed(replace(LossConfig(), **{name: 0.1}))
