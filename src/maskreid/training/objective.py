"""The weighted sum of losses that a recipe names."""

from __future__ import annotations

import torch
from torch import Tensor

from maskreid.losses import full_ranking_loss, n_pair_loss, ranking_loss, softmax_loss, triplet_loss
from maskreid.network import Classifier
from maskreid.training.recipe import LossConfig


def objective(
    config: LossConfig,
    features: Tensor,
    classified: Tensor,
    targets: Tensor,
    classifier: Classifier | None,
    generator: torch.Generator,
) -> tuple[Tensor, dict[str, float]]:
    """Return the loss to minimise and each unweighted part by name.

    Args:
        config: weights and parameters; a loss of weight 0 is not computed.
        features: (N, D) from the network, not normalised: what metric losses compare.
        classified: (N, D), what the classifier reads: ``features`` again, or what left the neck.
        targets: (N,) int64 identities numbered from 0.
        classifier: features to logits; needed if softmax has a weight.
        generator: draws the positives of the N-pair loss.
    """
    parts: dict[str, Tensor] = {}
    if classifier is not None:
        parts["softmax"] = softmax_loss(classifier(classified), targets, label_smoothing=config.label_smoothing)
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
    total = torch.stack([getattr(config, name) * value for name, value in parts.items()]).sum()
    return total, {name: float(value.detach()) for name, value in parts.items()}
