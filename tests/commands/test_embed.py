"""``maskreid embed`` as a user runs it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from running import maskreid, write

from maskreid.images import Dataset
from maskreid.network import MaskReID, NetworkConfig, make_card, save_model


def test_embed_and_judge(world: Dataset, tmp_path: Path) -> None:
    config = NetworkConfig(width=0.25, dimension=16, input_size=(48, 32))
    card = make_card(config, resize=(54, 36), masks={"source": "fcn", "min_share": 0.05}, training={}, metrics={})
    save_model(tmp_path / "m", MaskReID(config), card)
    write(world, tmp_path / "people")
    to = ("--out", tmp_path / "f.npz", "--with-masks", "--backend", "torch", "--precision", "float32")
    done = maskreid("embed", tmp_path / "m", "--data", tmp_path / "people", "--format", "images", *to)
    first, last = done.stdout.splitlines()
    assert first == "backend: torch, float32"
    assert last.endswith("gallery")
    arrays = np.load(tmp_path / "f.npz")
    assert arrays["gallery_masks"].shape == (len(arrays["gallery_paths"]), 54, 36)
    refused = maskreid("embed", tmp_path / "m", "--data", tmp_path / "people", "--out", "f.mat", code=2)
    assert "features are written as .npz or .safetensors" in refused.stderr
