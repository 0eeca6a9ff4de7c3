"""What every metric loss starts from: cosine similarities, and who is whose positive."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from maskreid.errors import MaskreidError


def check_batch(features: Tensor, identities: Tensor, temperature: float = 1.0) -> None:
    """Look whether a loss can be made of these: other shapes would be broadcast into a number that means nothing.

    Raises:
        MaskreidError: features are not (N, D) floats, identities not (N,) integers, or the temperature not above 0.
    """
    if features.ndim != 2 or not features.is_floating_point():
        raise MaskreidError(
            f"loss: expected features (N, D) of floats, got {tuple(features.shape)} of {features.dtype}"
        )
    if identities.shape != features.shape[:1] or identities.is_floating_point() or identities.dtype == torch.bool:
        raise MaskreidError(
            f"loss: expected identities ({len(features)},) of integers, one a feature, got {tuple(identities.shape)} "
            f"of {identities.dtype}"
        )
    if not temperature > 0:
        raise MaskreidError(f"loss: expected a temperature above 0, got {temperature}")


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
