"""Triplet with online hard mining."""

from __future__ import annotations

import torch
from torch import Tensor

from maskreid.losses.similarity import check_batch, mean_over, positives_and_negatives, unit_distances


def triplet_loss(features: Tensor, identities: Tensor, margin: float = 0.3) -> Tensor:
    """Batch-hard triplet loss (Hermans et al. 2017) on the Euclidean distance of unit features.

    For each anchor: [margin + largest distance to a positive - smallest distance to a negative]_+, averaged over
    the anchors that have both. Mining is by masks, so any batch will do, the 10/54 ranking batch included.

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
    nearest = distances.masked_fill(~negative, torch.inf).amin(1)
    anchors = positive.any(1) & negative.any(1)
    hinge = torch.where(anchors, margin + farthest - nearest, torch.zeros_like(nearest)).clamp(min=0)
    return mean_over(hinge, anchors)
