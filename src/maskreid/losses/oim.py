"""Online instance matching: each identity's running mean feature is its classifier."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from maskreid.losses.similarity import check_batch, full_precision


def oim_loss(features: Tensor, identities: Tensor, table: Tensor, scale: float = 30.0) -> Tensor:
    """Online instance matching loss (Xiao et al., CVPR 2017, Eq. 3) without unlabelled persons.

    Cross-entropy of scale times the cosines with every identity's row, averaged over the batch.

    Args:
        features: (N, D), normalised here.
        identities: (N,) int64, rows of the table.
        table: (M, D), unit rows or zeros, without gradient; see `move_table`.
        scale: the inverse of the publication's temperature.

    Raises:
        MaskreidError: as `maskreid.losses.check_batch`.
    """
    check_batch(features, identities)
    return F.cross_entropy(scale * F.normalize(full_precision(features), dim=1) @ table.T, identities)


@torch.no_grad()
def move_table(table: Tensor, features: Tensor, identities: Tensor, momentum: float = 0.5) -> None:
    """Move the identities' rows towards their features, one image after the other, in place (their Eq. 4).

    Args:
        table: (M, D); zeros before the first batch.
        features: (N, D), normalised here.
        identities: (N,) int64.
        momentum: share of a row that stays; the row is normalised again.
    """
    unit = F.normalize(features.to(table.dtype), dim=1)
    for row, feature in zip(identities.tolist(), unit, strict=True):
        table[row] = F.normalize(momentum * table[row] + (1 - momentum) * feature, dim=0)
