"""Batches from the usual to the degenerate."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

BATCHES = {
    "P x K": [0, 0, 0, 1, 1, 1, 2, 2, 2],
    "10 of one person, 54 others": [0] * 10 + list(range(1, 55)),
    "uneven": [3, 3, 5, 7, 7, 7, 7, 9],
    "no negative": [4, 4, 4, 4],
    "no positive": [1, 2, 3, 4],
    "one image": [6],
    "one pair": [2, 2],
}


@pytest.fixture(params=list(BATCHES))
def batch(request: pytest.FixtureRequest) -> tuple[Tensor, Tensor]:
    """Features (N, 8) float64 that need gradients, and identities (N,)."""
    identities = torch.tensor(BATCHES[request.param])
    generator = torch.Generator().manual_seed(len(identities))
    centres = torch.randn(60, 8, generator=generator, dtype=torch.float64)
    noise = torch.randn(len(identities), 8, generator=generator, dtype=torch.float64)
    return (centres[identities] + 0.8 * noise).requires_grad_(), identities
