"""Quadruplet: a triplet, and two strangers who must not be nearer than the anchor's own images."""

from __future__ import annotations

import torch
from torch import Tensor

from maskreid.losses.similarity import check_batch, mean_over, positives_and_negatives, unit_distances


def quadruplet_loss(features: Tensor, identities: Tensor, margin: float = 0.3) -> Tensor:
    """Quadruplet loss (Chen et al., CVPR 2017, Eq. 3), batch-hard, on the Euclidean distance of unit features.

    For each anchor: [margin + p - n]_+ + [margin / 2 + p - m]_+, where p is its largest distance to a positive, n its
    smallest to a negative, and m the smallest between two negatives of different identities. Averaged over the
    anchors that have p and n; where the batch shows only one other identity there is no m, and its term is 0. Chen et
    al. learn the metric and mine by adaptive margins; here are our triplet's distance and mining, and their ratio of
    the two margins.

    Args:
        features: (N, D), normalised here.
        identities: (N,) integers.
        margin: in units of distance, which runs from 0 to 2.

    Raises:
        MaskreidError: as `maskreid.losses.check_batch`.
    """
    check_batch(features, identities)
    positive, negative = positives_and_negatives(identities)
    distances = unit_distances(features)
    farthest = distances.masked_fill(~positive, -torch.inf).amax(1)
    between = distances.masked_fill(~negative, torch.inf)
    nearest = between.amin(1)
    both = negative[:, :, None] & negative[:, None, :]  # [k, i, j]: i and j are negatives of anchor k
    strangers = between.expand(both.shape).masked_fill(~both, torch.inf).amin((1, 2))
    anchors = positive.any(1) & negative.any(1)
    farthest = torch.where(anchors, farthest, torch.zeros_like(farthest))
    hinges = (margin + farthest - nearest).clamp(min=0) + (margin / 2 + farthest - strangers).clamp(min=0)
    return mean_over(hinges, anchors)
