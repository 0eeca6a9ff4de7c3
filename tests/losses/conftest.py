"""Slow, loop-written versions of the paper's formulas: what the losses are checked against."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor


class Batch:
    """Cosine similarities by loops, and who is whose positive and negative."""

    def __init__(self, features: Tensor, identities: Tensor) -> None:
        rows, people = features.double().tolist(), identities.tolist()
        self.size = len(rows)
        lengths = [math.sqrt(sum(x * x for x in row)) for row in rows]
        self.similarity = [
            [
                sum(x * y for x, y in zip(rows[k], rows[i], strict=True)) / (lengths[k] * lengths[i])
                for i in range(self.size)
            ]
            for k in range(self.size)
        ]
        self.positives = [
            [i for i in range(self.size) if i != k and people[i] == people[k]] for k in range(self.size)
        ]
        self.negatives = [[j for j in range(self.size) if people[j] != people[k]] for k in range(self.size)]
        self.anchors = [k for k in range(self.size) if self.positives[k]]


# Identities of batches, from the usual to the degenerate.
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
