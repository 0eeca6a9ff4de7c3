"""What every metric loss starts from: cosine similarities, and who is whose positive."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def cosine_similarities(features: Tensor) -> Tensor:
    """Normalise rows and multiply them pairwise.

    Args:
        features: (N, D), any length; half precision is computed in float32.

    Returns:
        (N, N) cosines, float32 or, for float64 features, float64.
    """
    features = full_precision(features)
    with torch.autocast(features.device.type, enabled=False):
        unit = F.normalize(features, dim=1)
        return unit @ unit.T


def unit_distances(features: Tensor) -> Tensor:
    """Euclidean distances of the normalised rows of (N, D) features, (N, N), as `cosine_similarities`."""
    # Away from zero, where the square root has no gradient.
    return (2 - 2 * cosine_similarities(features)).clamp(min=1e-12).sqrt()


def full_precision(values: Tensor) -> Tensor:
    """Return half-precision values as float32, others as they are."""
    return values.float() if values.dtype.itemsize < 4 else values


def positives_and_negatives(identities: Tensor) -> tuple[Tensor, Tensor]:
    """Tell, for each anchor (row), its positives and its negatives in the batch.

    Args:
        identities: (N,) integers.

    Returns:
        Two (N, N) bool masks. An anchor is neither its own positive nor its own negative.
    """
    same = identities[:, None] == identities[None, :]
    itself = torch.eye(len(identities), dtype=torch.bool, device=identities.device)
    return same & ~itself, ~same


def mean_over(values: Tensor, chosen: Tensor) -> Tensor:
    """Average the chosen of (N,) values; zero, with a graph behind it, if none is chosen."""
    return torch.where(chosen, values, torch.zeros_like(values)).sum() / chosen.sum().clamp(min=1)


def log_one_plus_sum_exp(exponents: Tensor, chosen: Tensor) -> Tensor:
    """log(1 + sum of exp over the chosen of each row), (N, M) to (N,), stable for large exponents."""
    masked = exponents.masked_fill(~chosen, -torch.inf)
    return torch.logsumexp(torch.cat((torch.zeros_like(masked[:, :1]), masked), 1), 1)
