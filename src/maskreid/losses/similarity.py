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
    if features.dtype in (torch.float16, torch.bfloat16):
        features = features.float()
    with torch.autocast(features.device.type, enabled=False):
        unit = F.normalize(features, dim=1)
        return unit @ unit.T


def positives_and_negatives(identities: Tensor) -> tuple[Tensor, Tensor]:
    """Tell, for each anchor (row), its positives and its negatives in the batch.

    Args:
        identities: (N,) integers.

    Returns:
        Two (N, N) bool masks. An anchor is neither its own positive nor its own negative (paper.md 1.6).
    """
    same = identities[:, None] == identities[None, :]
    itself = torch.eye(len(identities), dtype=torch.bool, device=identities.device)
    return same & ~itself, ~same


def mean_over(values: Tensor, chosen: Tensor) -> Tensor:
    """Average the chosen of (N,) values; zero, with a graph behind it, if none is chosen."""
    return torch.where(chosen, values, torch.zeros_like(values)).sum() / chosen.sum().clamp(min=1)
