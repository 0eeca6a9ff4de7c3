"""A network between two: the one that a training started from, and what became of it."""

from __future__ import annotations

import copy
from dataclasses import asdict

from maskreid.errors import MaskreidError
from maskreid.network.maskreid import MaskReID


def mixed(trained: MaskReID, start: MaskReID, share: float) -> MaskReID:
    """Return a network whose every weight and statistic is ``share`` of one's and the rest of the other's.

    Good only where one was trained from the other: then all that lies between them is a good network too, which knows
    what both do (Wortsman et al., Robust fine-tuning of zero-shot models, CVPR 2022). Two networks that were trained
    each from scratch have nothing in between.

    Args:
        trained: what the training came to.
        start: what it started from.
        share: of ``trained``, between 0 and 1.

    Returns:
        A network on the device of ``trained``, in evaluation mode.

    Raises:
        MaskreidError: the two have not the same shape, or ``share`` is not between 0 and 1.
    """
    if not 0 < share < 1:
        raise MaskreidError(f"share must be between 0 (all of the start) and 1 (all of the trained), got {share:g}")
    theirs = asdict(start.config)
    differ = [
        f"{key} {ours} and {theirs[key]}" for key, ours in asdict(trained.config).items() if ours != theirs[key]
    ]
    if differ:
        raise MaskreidError(f"these networks cannot be mixed, since they differ: {', '.join(differ)}")
    network = copy.deepcopy(trained).eval()
    state = start.state_dict()
    for name, value in network.state_dict().items():
        if value.is_floating_point():  # not the counts of batches
            value.lerp_(state[name].to(value.device), 1 - share)
    return network
