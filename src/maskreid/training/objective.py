"""The weighted sum of losses that a recipe names."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from maskreid.losses import (
    LIBRARY,
    circle_loss,
    contrastive_loss,
    distillation_loss,
    full_ranking_loss,
    library_for,
    n_pair_loss,
    oim_loss,
    quadruplet_loss,
    ranking_loss,
    softmax_loss,
    triplet_loss,
)
from maskreid.training.recipe import LossConfig


def check_installed(config: LossConfig) -> None:
    """Look whether all losses can be computed, before the work of a training goes into the first step.

    Raises:
        MaskreidError: one has a weight, and the library that it comes from is not installed.
    """
    for name in LIBRARY:
        if getattr(config, name):
            library_for(name)


def objective(
    config: LossConfig,
    features: Tensor,
    classified: Tensor,
    targets: Tensor,
    classifier: nn.Module | None,
    table: Tensor | None,
    taught: Tensor | None,
    generator: torch.Generator,
) -> tuple[Tensor, dict[str, Tensor]]:
    """Return the loss to minimise and each unweighted part by name, detached: reading one makes a GPU wait.

    Args:
        config: weights and parameters; a loss of weight 0 is not computed.
        features: (N, D) from the network, not normalised: what metric losses compare.
        classified: (N, D), what the classifier, the table and the teachers' pupil read: ``features`` again, or what
            left the neck.
        targets: (N,) int64 identities numbered from 0.
        classifier: features to (N, P, M) logits of each part of them; needed if softmax has a weight.
        table: (M, D) row of each identity; needed if OIM has a weight.
        taught: (N, E) the teachers' features of the same images; needed if distillation has a weight.
        generator: draws the positives of the N-pair loss.
    """
    parts: dict[str, Tensor] = {}
    if classifier is not None:
        logits = classifier(classified)
        everybody = targets.repeat_interleave(logits.shape[1])
        parts["softmax"] = softmax_loss(logits.flatten(0, 1), everybody, label_smoothing=config.label_smoothing)
    if config.triplet:
        parts["triplet"] = triplet_loss(features, targets, margin=config.triplet_margin)
    if config.n_pair:
        parts["n_pair"] = n_pair_loss(features, targets, generator, temperature=config.temperature)
    if config.full_ranking:
        parts["full_ranking"] = full_ranking_loss(features, targets, temperature=config.temperature)
    if config.ranking:
        parts["ranking"] = ranking_loss(
            features, targets, margin=config.margin, lambda_=config.lambda_, temperature=config.temperature
        )
    if config.contrastive:
        parts["contrastive"] = contrastive_loss(features, targets, margin=config.contrastive_margin)
    if config.quadruplet:
        parts["quadruplet"] = quadruplet_loss(features, targets, margin=config.quadruplet_margin)
    if table is not None:
        parts["oim"] = oim_loss(classified, targets, table, scale=config.oim_scale)
    if config.circle:
        parts["circle"] = circle_loss(features, targets, margin=config.circle_margin, scale=config.circle_scale)
    if taught is not None:
        parts["distillation"] = distillation_loss(classified, taught)
    total = torch.stack([getattr(config, name) * value for name, value in parts.items()]).sum()
    return total, {name: value.detach() for name, value in parts.items()}
