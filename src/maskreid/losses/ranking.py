"""The ranking loss of MaskReID: every negative against the hardest positive, and a pull on all positives."""

from __future__ import annotations

import torch
from torch import Tensor

from maskreid.losses.similarity import (
    check_batch,
    cosine_similarities,
    log_one_plus_sum_exp,
    mean_over,
    positives_and_negatives,
)


def ranking_loss(
    features: Tensor, identities: Tensor, margin: float = 0.2, lambda_: float = 1.0, *, temperature: float = 1.0
) -> Tensor:
    r"""MaskReID Eq. 3 (arXiv 1804.03864 v1 Eq. 5), averaged over the anchors.

    .. math::
        \log\Big(1+\sum_{j\in B^-}\exp\big[S_{kj}-\min_{i\in B^+}S_{ki}+\alpha\big]_+\Big)
        +\frac{\lambda}{2|B^+|}\sum_{i\in B^+}(S_{ki}-1)^2

    Anchors are the images with a positive in the batch; an anchor is not its own positive. A negative below the
    hinge adds a constant 1 and no gradient, so the first term never falls below log(1 + N): see `ranking_floor`.
    The gradient of the minimum goes to the hardest positive alone. Without an anchor the loss is a zero that can be
    differentiated.

    Args:
        features: (N, D), normalised here; half precision is computed in float32.
        identities: (N,) integers.
        margin: alpha, in units of cosine.
        lambda_: weight of the pull on the positives.
        temperature: divides the exponents. The paper has 1, where all exponents are alike; the lower, the more the
            hardest negatives weigh. The floor stays.

    Raises:
        MaskreidError: as `maskreid.losses.check_batch`.
    """
    check_batch(features, identities, temperature)
    similarities = cosine_similarities(features)
    positive, negative = positives_and_negatives(identities)
    anchors = positive.any(1)
    hardest = similarities.masked_fill(~positive, torch.inf).argmin(1, keepdim=True)
    hinge = (similarities - similarities.gather(1, hardest) + margin).relu()
    push = log_one_plus_sum_exp(hinge / temperature, negative)
    pull = ((similarities - 1).square() * positive).sum(1) / positive.sum(1).clamp(min=1)
    return mean_over(push + lambda_ / 2 * pull, anchors)


def ranking_floor(identities: Tensor) -> Tensor:
    """The least that the first term of `ranking_loss` can be on this batch: log(1 + negatives), over the anchors.

    A float64 scalar, on the device of ``identities``.
    """
    positive, negative = positives_and_negatives(identities)
    return mean_over(torch.log1p(negative.sum(1).double()), positive.any(1))
