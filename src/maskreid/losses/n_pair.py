"""N-pair: one positive of each anchor against all its negatives."""

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


def n_pair_loss(
    features: Tensor, identities: Tensor, generator: torch.Generator | None = None, *, temperature: float = 1.0
) -> Tensor:
    r"""MaskReID Eq. 1, averaged over the anchors: :math:`\log(1+\sum_j\exp(S_{kj}-S_{k+}))`.

    The positive is drawn at random for each anchor. No margin and, by default, no scale, as the paper.

    Args:
        features: (N, D), normalised here.
        identities: (N,) integers.
        generator: draws the positives, on the CPU; the default is torch's own.
        temperature: divides the exponents, as for `maskreid.losses.ranking_loss`.

    Raises:
        MaskreidError: as `maskreid.losses.check_batch`.
    """
    check_batch(features, identities, temperature)
    similarities = cosine_similarities(features)
    positive, negative = positives_and_negatives(identities)
    anchors = positive.any(1)
    # Where there is no positive any column will do: the row is not an anchor.
    weights = (positive | ~anchors[:, None]).float().cpu()
    drawn = torch.multinomial(weights, 1, generator=generator).to(similarities.device)
    exponents = (similarities - similarities.gather(1, drawn)) / temperature
    return mean_over(log_one_plus_sum_exp(exponents, negative), anchors)
