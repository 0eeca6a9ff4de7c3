"""Softmax: identities as classes."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from maskreid.losses.similarity import full_precision


def softmax_loss(logits: Tensor, identities: Tensor, label_smoothing: float = 0.0) -> Tensor:
    """Cross-entropy of the identity classifier, averaged over the batch.

    Args:
        logits: (N, M) scores of M identities; half precision is computed in float32.
        identities: (N,) int64 in 0..M-1.
        label_smoothing: epsilon; the target is 1 - epsilon + epsilon / M for the true identity (Szegedy et al. 2016).
    """
    return F.cross_entropy(full_precision(logits), identities, label_smoothing=label_smoothing)
