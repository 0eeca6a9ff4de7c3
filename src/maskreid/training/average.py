"""The moving average of a network: what a run is validated with and saved as, where the recipe asks for it."""

from __future__ import annotations

import copy

from torch.optim.swa_utils import get_ema_multi_avg_fn

from maskreid.network import MaskReID


class MovingAverage:
    """An exponential moving average of every weight and of batch normalisation's running statistics.

    mean <- d mean + (1 - d) now, after each iteration t (from 0), with d = min(decay, (1 + t) / (10 + t)): so a short
    run is not still full of its initial weights (TensorFlow's ExponentialMovingAverage has this rise of the decay).

    Attributes:
        network: the average, in evaluation mode; nothing else is to be kept for a run to go on.
    """

    def __init__(self, network: MaskReID, decay: float) -> None:
        """Begin at ``network`` as it is; ``decay`` is in (0, 1)."""
        self.network = copy.deepcopy(network).eval().requires_grad_(False)
        self.decay = decay

    def update(self, network: MaskReID, iteration: int) -> None:
        """Move towards ``network`` as iteration ``iteration`` left it."""
        decay = min(self.decay, (1 + iteration) / (10 + iteration))
        pairs = list(zip(self.network.state_dict().values(), network.state_dict().values(), strict=True))
        moving = [pair for pair in pairs if pair[0].is_floating_point()]
        move = get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]
        move([mean for mean, _ in moving], [now for _, now in moving], iteration)
        for mean, now in pairs:
            if not mean.is_floating_point():  # how many batches were seen
                mean.copy_(now)
