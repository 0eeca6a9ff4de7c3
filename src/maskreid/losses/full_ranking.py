"""The full ranking loss: every positive against every negative."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from maskreid.losses.similarity import check_batch, cosine_similarities, mean_over, positives_and_negatives


def full_ranking_loss(features: Tensor, identities: Tensor, *, temperature: float = 1.0) -> Tensor:
    r"""MaskReID Eq. 2, averaged over the anchors: :math:`\log(1+\sum_i\sum_j\exp(S_{kj}-S_{ki}))`.

    The double sum factors into one over the negatives j times one over the positives i, so it costs no more than
    either. An anchor needs a positive; without negatives its loss is zero.

    Args:
        features: (N, D), normalised here.
        identities: (N,) integers.
        temperature: divides the exponents, as for `maskreid.losses.ranking_loss`.

    Raises:
        MaskreidError: as `maskreid.losses.check_batch`.
    """
    check_batch(features, identities, temperature)
    similarities = cosine_similarities(features) / temperature
    positive, negative = positives_and_negatives(identities)
    anchors, pairs = positive.any(1), positive.any(1) & negative.any(1)
    zero = torch.zeros_like(similarities)
    # Rows without pairs get finite stand-ins: -inf + -inf would give them a NaN gradient.
    rows = pairs[:, None]
    over_negatives = torch.where(rows, similarities.masked_fill(~negative, -torch.inf), zero).logsumexp(1)
    over_positives = torch.where(rows, (-similarities).masked_fill(~positive, -torch.inf), zero).logsumexp(1)
    loss = torch.where(pairs, F.softplus(over_negatives + over_positives), zero[:, 0])
    return mean_over(loss, anchors)
