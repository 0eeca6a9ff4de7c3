"""What each number of a recipe may be."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple


class Range(NamedTuple):
    """An interval; ``ends`` says which of its ends belong to it, as in mathematics."""

    low: float
    high: float = math.inf
    ends: str = "[]"

    def __contains__(self, value: object) -> bool:
        assert isinstance(value, (int, float))
        above = self.low <= value if self.ends[0] == "[" else self.low < value
        below = value <= self.high if self.ends[1] == "]" else value < self.high
        return above and below and (isinstance(value, int) or math.isfinite(value))

    def __str__(self) -> str:
        if self.high == math.inf:
            return f"{self.low:g} or more" if self.ends[0] == "[" else f"more than {self.low:g}"
        return f"in {self.ends[0]}{self.low:g}, {self.high:g}{self.ends[1]}"


SHARE = Range(0, 1)
BELOW_ONE = Range(0, 1, "[)")
NOT_NEGATIVE = Range(0)
POSITIVE = Range(0, ends="()")
COUNT = Range(1, 1e9)

RANGES = {
    "seed": Range(0, 2**63 - 1),
    "data.min_share": SHARE,
    "data.held_out": BELOW_ONE,
    "data.zoom": SHARE,
    "data.erase": SHARE,
    "data.colour": SHARE,
    "data.worse_masks": SHARE,
    "loss.softmax": NOT_NEGATIVE,
    "loss.triplet": NOT_NEGATIVE,
    "loss.n_pair": NOT_NEGATIVE,
    "loss.full_ranking": NOT_NEGATIVE,
    "loss.ranking": NOT_NEGATIVE,
    "loss.contrastive": NOT_NEGATIVE,
    "loss.quadruplet": NOT_NEGATIVE,
    "loss.oim": NOT_NEGATIVE,
    "loss.circle": NOT_NEGATIVE,
    "loss.distillation": NOT_NEGATIVE,
    "loss.label_smoothing": BELOW_ONE,
    "loss.dropout": BELOW_ONE,
    "loss.triplet_margin": NOT_NEGATIVE,
    "loss.margin": NOT_NEGATIVE,
    "loss.lambda_": NOT_NEGATIVE,
    "loss.temperature": POSITIVE,
    "loss.contrastive_margin": NOT_NEGATIVE,
    "loss.quadruplet_margin": NOT_NEGATIVE,
    "loss.oim_scale": POSITIVE,
    "loss.oim_momentum": BELOW_ONE,
    "loss.circle_margin": NOT_NEGATIVE,
    "loss.circle_scale": POSITIVE,
    "batch.size": Range(2, 1e9),  # batch normalisation has nothing to normalise in one image
    "batch.identities": COUNT,
    "batch.images": COUNT,
    "batch.positives": Range(2, 1e9),  # one image of a person has nobody to be like
    "batch.negatives": COUNT,
    "schedule.iterations": COUNT,
    "schedule.learning_rate": POSITIVE,
    "schedule.step": COUNT,
    "schedule.gamma": SHARE,
    "schedule.floor": NOT_NEGATIVE,
    "schedule.power": NOT_NEGATIVE,
    "schedule.warm_up": Range(0, 1e9),
    "schedule.feature_first": Range(0, 1e9),
    "schedule.fixed_levels": Range(0, 3),
    "schedule.momentum": BELOW_ONE,
    "schedule.weight_decay": NOT_NEGATIVE,
    "schedule.ema": BELOW_ONE,
    "schedule.validate_every": COUNT,
    "schedule.checkpoint_every": COUNT,
}


def out_of_range(table: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """Yield what is wrong with a recipe's table (`Recipe.as_table`), a line for each number."""
    for key, value in table.items():
        if isinstance(value, dict):
            yield from out_of_range(value, f"{prefix}{key}.")
        elif (allowed := RANGES.get(prefix + key)) and value not in allowed:
            yield f"{prefix}{key} must be {allowed}, got {value}"
