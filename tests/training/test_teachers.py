from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from maskreid.images import Dataset
from maskreid.network import MaskReID, Model, NetworkConfig, make_card
from maskreid.training import extract_features, prepare
from maskreid.training.prepare import data_config
from maskreid.training.teachers import taught_features


def teacher(seed: int, dimension: int, size: tuple[int, int]) -> Model:
    config = NetworkConfig(width=0.25, dimension=dimension, input_size=size)
    network = MaskReID(config, generator=torch.Generator().manual_seed(seed))
    resize = (size[0] + 6, size[1] + 4)
    masks = {"source": "dataset", "min_share": 0.05}
    return Model(network.eval(), make_card(config, resize=resize, masks=masks, training={}, metrics={}))


def test_teachers_of_any_size_speak_as_one_with_the_mean_of_their_cosines(world: Dataset, tmp_path: Path) -> None:
    teachers = [teacher(1, 16, (48, 32)), teacher(2, 24, (64, 32))]
    images = world.splits["train"][5:17]
    found = taught_features(teachers, world.source, images, cache=tmp_path)
    cosines = []
    for each in teachers:
        packed = prepare(world.source, images, data_config(each), cache=tmp_path)
        vectors = extract_features(each, packed, precision="bfloat16").vectors
        cosines.append(vectors @ vectors.T)
    assert (found.shape, found.dtype) == ((12, 40), np.float32)
    np.testing.assert_allclose(found @ found.T, np.mean(cosines, 0), atol=1e-6)
    assert np.abs(cosines[0] - cosines[1]).max() > 1e-4  # they do not agree
