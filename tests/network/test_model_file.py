from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from maskreid.errors import MaskreidError
from maskreid.network import (
    MaskReID,
    Model,
    NetworkConfig,
    center_crop,
    list_models,
    load_model,
    make_card,
    prepare_input,
    save_model,
)

CONFIG = NetworkConfig(width=0.25, dimension=16, input_size=(48, 32))


@pytest.fixture
def model() -> Model:
    network = MaskReID(CONFIG, torch.Generator().manual_seed(0))
    card = make_card(CONFIG, resize=(54, 36), masks={"source": "fcn", "min_share": 0.05}, training={}, metrics={})
    return Model(network.eval(), card)


def images(count: int = 5) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.integers(0, 255, (count, 54, 36, 3), dtype=np.uint8), rng.integers(
        0, 2, (count, 54, 36), dtype=np.uint8
    )


def test_a_saved_model_embeds_the_same(model: Model, tmp_path: Path) -> None:
    save_model(tmp_path / "m", model.network, model.card)
    loaded = load_model(tmp_path / "m.safetensors")
    np.testing.assert_array_equal(loaded.embed(*images()), model.embed(*images()))
    assert loaded.fingerprint == model.fingerprint
    assert loaded.card == json.loads((tmp_path / "m.json").read_text())
    assert loaded.resize == (54, 36)


def test_half_precision_storage_halves_the_file_and_keeps_the_features(model: Model, tmp_path: Path) -> None:
    save_model(tmp_path / "full", model.network, model.card)
    save_model(tmp_path / "half", model.network, model.card, half=True)
    assert (tmp_path / "half.safetensors").stat().st_size < 0.6 * (tmp_path / "full.safetensors").stat().st_size
    half = load_model(tmp_path / "half")
    assert all(p.dtype == torch.float32 for p in half.network.parameters())
    similarity = (half.embed(*images()) * model.embed(*images())).sum(1)
    assert similarity.min() > 0.999


def test_features_are_unit_rows_and_do_not_depend_on_the_batch(model: Model) -> None:
    features = model.embed(*images(7), batch_size=3)
    assert features.shape == (7, 16)
    assert features.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(features, axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(features, model.embed(*images(7), batch_size=7), atol=1e-5)
    assert model.embed(*images(0)).shape == (0, 16)


def test_the_fingerprint_follows_weights_and_preprocessing(model: Model) -> None:
    before = model.fingerprint
    model.card["preprocessing"]["masks"]["min_share"] = 0.1
    after = model.fingerprint
    assert after != before
    with torch.no_grad():
        model.network.fc7.bias[0] += 1
    assert model.fingerprint not in (before, after)


def test_images_of_another_size_are_refused(model: Model) -> None:
    pixels, masks = images()
    with pytest.raises(MaskreidError, match="reads images of 54 x 36"):
        model.embed(pixels[:, :50], masks[:, :50])
    with pytest.raises(MaskreidError, match="reads images of 54 x 36"):
        model.embed(pixels, masks[:3])


def test_input_is_bgr_minus_the_mean_and_the_background_becomes_the_mean_colour() -> None:
    pixels = torch.tensor([[[[10, 20, 30], [200, 100, 50]]]], dtype=torch.uint8)
    image, masked = prepare_input(pixels, torch.tensor([[[1, 0]]], dtype=torch.uint8))
    assert image.shape == (1, 3, 1, 2)
    assert image[0, :, 0, 0].tolist() == [30 - 102, 20 - 102, 10 - 101]
    assert masked[0, :, 0, 0].tolist() == image[0, :, 0, 0].tolist()
    assert masked[0, :, 0, 1].tolist() == [101 - 102, 102 - 102, 102 - 101]


def test_the_middle_is_cropped() -> None:
    batch = torch.arange(2 * 6 * 5).reshape(2, 6, 5)
    assert center_crop(batch, (4, 3)).tolist() == batch[:, 1:5, 1:4].tolist()


def test_broken_files_are_named(model: Model, tmp_path: Path) -> None:
    save_model(tmp_path / "m", model.network, model.card)
    weights, card = tmp_path / "m.safetensors", tmp_path / "m.json"
    whole, text = weights.read_bytes(), card.read_text()

    def fails(message: str) -> None:
        with pytest.raises(MaskreidError, match=message):
            load_model(tmp_path / "m")

    weights.write_bytes(whole[:100])
    fails("is damaged")
    weights.write_bytes(whole)
    card.write_text(text[:50])
    fails("is damaged")
    card.write_text(text.replace('"schema_version": 1', '"schema_version": 99'))
    fails("schema 99")
    card.write_text(text.replace('"dimension": 16', '"dimension": 17'))
    fails("does not hold the network")
    card.unlink()
    fails("missing")


def test_an_unknown_name_lists_what_there_is() -> None:
    with pytest.raises(MaskreidError, match="no model 'nobody'"):
        load_model("nobody")


@pytest.mark.parametrize("name", list(list_models()))
def test_every_shipped_model_loads_by_name(name: str) -> None:
    model = load_model(name)
    pixels = np.zeros((1, *model.resize, 3), np.uint8)
    assert model.embed(pixels, np.ones((1, *model.resize), np.uint8)).shape == (1, model.dimension)
    assert {"data", "identities"} <= set(model.card["training"])
