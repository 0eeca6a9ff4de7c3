"""The full ranking loss: every positive against every negative."""

from __future__ import annotations

import torch
from torch import Tensor

from maskreid.losses.similarity import cosine_similarities, mean_over, positives_and_negatives


def full_ranking_loss(features: Tensor, identities: Tensor) -> Tensor:
    r"""MaskReID Eq. 2, averaged over the anchors: :math:`\log(1+\sum_i\sum_j\exp(S_{kj}-S_{ki}))`.

    The double sum factors into one over the negatives j times one over the positives i, so it costs no more than
    either. An anchor needs a positive; without negatives its loss is zero.

    Args:
        features: (N, D), normalised here.
        identities: (N,) integers.
    """
    similarities = cosine_similarities(features)
    positive, negative = positives_and_negatives(identities)
    anchors, pairs = positive.any(1), positive.any(1) & negative.any(1)
    zero = torch.zeros_like(similarities)
    # Rows without pairs get finite stand-ins: -inf + -inf would give them a NaN gradient.
    over_negatives = torch.logsumexp(torch.where(pairs[:, None], similarities.masked_fill(~negative, -torch.inf), zero), 1)
    over_positives = torch.logsumexp(torch.where(pairs[:, None], (-similarities).masked_fill(~positive, -torch.inf), zero), 1)
    loss = torch.where(pairs, torch.nn.functional.softplus(over_negatives + over_positives), zero[:, 0])
    return mean_over(loss, anchors)
