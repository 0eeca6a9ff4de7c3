"""Slow, loop-written versions of the paper's formulas: what the losses are checked against."""

from __future__ import annotations

import math

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

    def distance(self, k: int, i: int) -> float:
        """Euclidean distance of the unit features."""
        return math.sqrt(max(0.0, 2 - 2 * self.similarity[k][i]))
