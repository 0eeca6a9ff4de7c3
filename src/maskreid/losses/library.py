"""Two losses from pytorch-metric-learning, the extra ``losses``, as functions like ours."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from maskreid.errors import MaskreidError
from maskreid.losses.similarity import check_batch, full_precision

LIBRARY = ("contrastive", "circle")  # the losses here


def contrastive_loss(features: Tensor, identities: Tensor, margin: float = 1.0) -> Tensor:
    """Contrastive loss (Hadsell et al. 2006) over all pairs of the batch, on the distance D of unit features.

    The mean of D over the positive pairs plus the mean of [margin - D]_+ over the negative pairs, each over those
    that are not 0. The library takes D where the publication has its square.

    Args:
        features: (N, D), normalised here.
        identities: (N,) integers.
        margin: in units of distance, which runs from 0 to 2.

    Raises:
        MaskreidError: pytorch-metric-learning is not installed, or as `maskreid.losses.check_batch`.
    """
    losses = library_for("contrastive")
    return _apply(losses.ContrastiveLoss(pos_margin=0, neg_margin=margin), features, identities)


def circle_loss(features: Tensor, identities: Tensor, margin: float = 0.25, scale: float = 128.0) -> Tensor:
    r"""Circle loss for pairs (Sun et al., CVPR 2020, Eq. 6), averaged over the anchors that have both kinds.

    .. math::
        \log\Bigl(1+\sum_j e^{\gamma[S_{kj}+m]_+(S_{kj}-m)}\sum_i e^{-\gamma[1+m-S_{ki}]_+(S_{ki}-1+m)}\Bigr)

    over the anchor's negatives j and positives i; the factors in brackets have no gradient.

    Args:
        features: (N, D), normalised here.
        identities: (N,) integers.
        margin: m, in units of cosine; the published one for persons.
        scale: gamma; the published one for persons.

    Raises:
        MaskreidError: pytorch-metric-learning is not installed, or as `maskreid.losses.check_batch`.
    """
    return _apply(library_for("circle").CircleLoss(m=margin, gamma=scale), features, identities)


def library_for(name: str) -> Any:
    """Return the library's losses, of which ``name`` is one.

    Raises:
        MaskreidError: it is not installed.
    """
    try:
        from pytorch_metric_learning import losses
    except ImportError:
        raise MaskreidError(
            f"loss.{name} is pytorch-metric-learning's, which is not installed; pip install 'maskreid[losses]'"
        ) from None
    return losses


def _apply(loss: Any, features: Tensor, identities: Tensor) -> Tensor:
    check_batch(features, identities)
    with torch.autocast(features.device.type, enabled=False):
        value: Tensor = loss(full_precision(features), identities)
    return value
