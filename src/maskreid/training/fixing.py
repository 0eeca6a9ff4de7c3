"""Which parts of a network stay as the model that it starts from has them, and until when."""

from __future__ import annotations

from torch import nn

from maskreid.errors import MaskreidError
from maskreid.network import MaskReID
from maskreid.training.recipe import ScheduleConfig


def fixed_levels(config: ScheduleConfig, iteration: int) -> int:
    """Return how many levels, with the first layers before them, stay as they are at ``iteration`` (from 0): 0 to 3.

    At first a new feature and classifier send noise back through the levels, which spoils what these know. So those
    two learn alone for ``feature_first`` iterations: the two-stepped transfer of Geng et al., "Deep Transfer Learning
    for Person Re-identification" (arXiv 1611.05244).
    """
    return 3 if iteration < config.feature_first else config.fixed_levels


def check_nothing_fixed(config: ScheduleConfig) -> None:
    """Refuse to keep what nobody has learned.

    Raises:
        MaskreidError: a run from scratch is asked to fix levels.
    """
    for key in ("feature_first", "fixed_levels"):
        if getattr(config, key):
            raise MaskreidError(
                f'schedule.{key} keeps what a model has learned; name it (init = "market1501"), or set it to 0'
            )


def fix_levels(network: MaskReID, count: int) -> None:
    """Let the streams and the first ``count`` levels neither learn nor count, and all others do both.

    What is fixed normalises by the statistics that it has, as in evaluation. The third level takes the skips along.

    Args:
        network: in training mode; changed in place.
        count: 0 fixes nothing, 3 all but fc7 and its batch normalisation.
    """
    learned_from: list[tuple[nn.Module, int]] = [(network.streams, 1), (network.skips, 3)]
    learned_from += [(level, number) for number, level in enumerate(network.levels, 1)]
    for module, number in learned_from:
        module.train(count < number).requires_grad_(count < number)
