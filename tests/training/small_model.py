"""An untrained small model whose card says whom it learned."""

from __future__ import annotations

import torch

from maskreid.network import MaskReID, Model, NetworkConfig, make_card


def model_of(learned: str, held_out: float = 0.0, seed: int = 3) -> Model:
    torch.manual_seed(0)
    config = NetworkConfig(width=0.25, dimension=16, input_size=(48, 32))
    training = {"data": learned, "recipe": {"seed": seed, "data": {"held_out": held_out}}}
    masks = {"source": "dataset", "min_share": 0.05}
    card = make_card(config, resize=(54, 36), masks=masks, training=training, metrics={})
    return Model(MaskReID(config).eval(), card)
