from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from unittest.mock import ANY

import numpy as np
import pytest
import torch

from maskreid import __version__
from maskreid.errors import MaskreidError
from maskreid.network import (
    MaskReID,
    Model,
    NetworkConfig,
    add_to_card,
    center_crop,
    copy_model,
    describe_network,
    list_models,
    load_model,
    make_card,
    multiplies_bfloat16,
    prepare_input,
    read_card,
    save_model,
)
from maskreid.network import model_file as module

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
    assert not loaded.network.training


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


def test_features_may_keep_their_length(model: Model) -> None:
    features = model.embed(*images(), unit=False)
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    assert (np.abs(lengths - 1) > 0.01).all()
    np.testing.assert_allclose(features / lengths, model.embed(*images()), atol=1e-6)


def test_masks_come_from_where_they_came_in_training_unless_others_are_asked_for(model: Model) -> None:
    model.card["preprocessing"]["masks"] = {"source": "given", "min_share": 0.25}
    assert (model.masks_from(), model.masks_from("fcn"), model.min_share) == ("given", "fcn", 0.25)
    alone = Model(MaskReID(replace(CONFIG, streams=1)), model.card)
    assert alone.masks_from() == alone.masks_from("fcn") == "none", "which it does not read"


def test_the_fingerprint_follows_weights_and_preprocessing(model: Model) -> None:
    before = model.fingerprint
    model.card["preprocessing"]["masks"]["min_share"] = 0.1
    after = model.fingerprint
    assert after != before
    with torch.no_grad():
        model.network.fc7.bias[0] += 1
    assert model.fingerprint not in (before, after)


def test_with_flip_left_and_right_are_alike(model: Model, tmp_path: Path) -> None:
    pixels, masks = images()
    both = model.with_flip(True)
    mirrored = np.ascontiguousarray(pixels[:, :, ::-1]), np.ascontiguousarray(masks[:, :, ::-1])
    assert np.abs(model.embed(pixels, masks) - model.embed(*mirrored)).max() > 1e-3
    np.testing.assert_allclose(both.embed(pixels, masks), both.embed(*mirrored), atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(both.embed(pixels, masks), axis=1), 1, rtol=1e-5)
    assert (model.flip, both.flip, both.with_flip(False).fingerprint) == (False, True, model.fingerprint)
    assert both.fingerprint != model.fingerprint
    save_model(tmp_path / "both", both.network, both.card)
    assert load_model(tmp_path / "both").fingerprint == both.fingerprint


def test_what_was_measured_of_one_feature_is_not_said_of_another(model: Model) -> None:
    measured = Model(model.network, {**model.card, "calibration": {"slope": 1.0}, "metrics": {"map": 50.0}})
    assert measured.with_flip(measured.flip) is measured
    other = measured.with_flip(not measured.flip)
    assert "calibration" not in other.card
    assert other.card["metrics"] == {}


def test_images_of_another_size_are_refused(model: Model) -> None:
    pixels, masks = images()
    with pytest.raises(MaskreidError, match="reads images of 54 x 36"):
        model.embed(pixels[:, :50], masks[:, :50])
    with pytest.raises(MaskreidError, match="reads images of 54 x 36"):
        model.embed(pixels, masks[:3])


def test_only_uint8_images_and_known_precisions_are_embedded(model: Model) -> None:
    pixels, masks = images()
    with pytest.raises(MaskreidError, match="must be uint8 RGB from 0 to 255, got float64"):
        model.embed(pixels / 255, masks)
    with pytest.raises(MaskreidError, match="precision must be float32 or bfloat16"):
        model.embed(pixels, masks, precision="half")
    with pytest.raises(MaskreidError, match="batch_size: expected at least 1, got -1"):
        model.embed(pixels, masks, batch_size=-1)


@pytest.mark.filterwarnings("error")
def test_memory_mapped_images_embed_like_those_in_memory(model: Model, tmp_path: Path) -> None:
    pixels, masks = images()
    np.save(tmp_path / "pixels.npy", pixels)
    np.save(tmp_path / "masks.npy", masks)
    mapped = [np.load(tmp_path / f"{name}.npy", mmap_mode="r") for name in ("pixels", "masks")]
    np.testing.assert_array_equal(model.embed(*mapped), model.embed(pixels, masks.astype(bool)))


def test_bfloat16_stays_near_float32_and_training_mode_is_left_alone(model: Model) -> None:
    model.network.train()
    half = model.embed(*images(), precision="bfloat16")
    assert model.network.training
    assert half.dtype == np.float32
    assert (half * model.embed(*images())).sum(1).min() > 0.99
    assert np.array_equal(half, model.embed(*images())) != multiplies_bfloat16("cpu")


def test_the_masks_matter(model: Model) -> None:
    pixels, masks = images()
    assert not np.allclose(model.embed(pixels, masks), model.embed(pixels, np.ones_like(masks)))
    assert np.isfinite(model.embed(pixels, np.zeros_like(masks))).all()


def test_input_is_in_channels_last_memory() -> None:
    pixels, masks = map(torch.from_numpy, images())
    for x in prepare_input(pixels, masks):
        assert x.dtype == torch.float32
        assert x.is_contiguous(memory_format=torch.channels_last)


def test_input_is_bgr_minus_the_mean_and_the_background_becomes_the_mean_colour() -> None:
    pixels = torch.tensor([[[[10, 20, 30], [200, 100, 50]]]], dtype=torch.uint8)
    image, masked = prepare_input(pixels, torch.tensor([[[1, 0]]], dtype=torch.uint8))
    assert image.shape == (1, 3, 1, 2)
    assert image[0, :, 0, 0].tolist() == [30 - 102, 20 - 102, 10 - 101]
    assert masked[0, :, 0, 0].tolist() == image[0, :, 0, 0].tolist()
    assert masked[0, :, 0, 1].tolist() == [101 - 102, 102 - 102, 102 - 101]


@pytest.mark.parametrize("person", [torch.tensor([[[True, False]]]), torch.tensor([[[255, 0]]], dtype=torch.uint8)])
def test_any_other_number_than_0_is_the_person(person: torch.Tensor) -> None:
    pixels = torch.tensor([[[[10, 20, 30], [200, 100, 50]]]], dtype=torch.uint8)
    expected = prepare_input(pixels, torch.tensor([[[1, 0]]], dtype=torch.uint8))
    for found, each in zip(prepare_input(pixels, person), expected, strict=True):
        assert found.tolist() == each.tolist()


def test_the_middle_is_cropped() -> None:
    batch = torch.arange(2 * 6 * 5).reshape(2, 6, 5)
    assert center_crop(batch, (4, 3)).tolist() == batch[:, 1:5, 1:4].tolist()
    assert center_crop(batch, (6, 5)).tolist() == batch.tolist()
    assert center_crop(batch, (5, 4)).tolist() == batch[:, 0:5, 0:4].tolist()
    with pytest.raises(MaskreidError, match="cannot crop 7 x 5 out of 6 x 5"):
        center_crop(batch, (7, 5))


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
    card.write_bytes(b"\xff" + text.encode())
    fails("is damaged")
    for version in (0, 99):
        card.write_text(text.replace('"schema_version": 1', f'"schema_version": {version}'))
        fails(f"schema {version}")
    card.write_text(text.replace('"dimension": 16', '"dimension": 17'))
    fails("does not hold the network")
    card.unlink()
    fails(r"m\.json: missing; a model is NAME\.safetensors and NAME\.json together")
    card.write_text(text)
    weights.unlink()
    fails(r"m\.safetensors: missing; a model is")
    weights.mkdir()
    fails(r"m\.safetensors: cannot be read")


def test_an_unknown_name_lists_what_there_is() -> None:
    with pytest.raises(MaskreidError, match="no model 'nobody'"):
        load_model("nobody")


def test_weights_and_card_of_two_saves_are_not_one_model(model: Model, tmp_path: Path) -> None:
    save_model(tmp_path / "old", model.network, model.card)
    with torch.no_grad():
        model.network.fc7.bias[0] += 1
    save_model(tmp_path / "new", model.network, model.card)
    (tmp_path / "new.safetensors").replace(tmp_path / "old.safetensors")
    with pytest.raises(MaskreidError, match=r"old.safetensors and old.json were not saved together"):
        load_model(tmp_path / "old")


def test_other_weights_may_be_saved_with_the_card_of_those_before(model: Model, tmp_path: Path) -> None:
    save_model(tmp_path / "m", model.network, model.card)
    loaded = load_model(tmp_path / "m")
    with torch.no_grad():
        loaded.network.fc7.bias[0] += 1
    save_model(tmp_path / "n", loaded.network, loaded.card)
    assert load_model(tmp_path / "n").fingerprint == loaded.fingerprint


def test_a_card_from_before_there_was_a_digest_loads(model: Model, tmp_path: Path) -> None:
    save_model(tmp_path / "m", model.network, model.card)
    (tmp_path / "m.json").write_text(json.dumps(model.card))
    assert load_model(tmp_path / "m").fingerprint == model.fingerprint


def test_a_card_from_before_mirror_images_adds_none(model: Model) -> None:
    del model.card["preprocessing"]["flip"]
    assert not model.flip


@pytest.mark.parametrize(
    ("section", "key", "value", "message"),
    [
        ("architecture", "fusion", "sum", r"m\.json: network\.fusion must be one of"),
        ("architecture", "neck", "ln", r"m\.json: network\.neck must be one of"),
        ("architecture", "depth", 50, "damaged, or written by a later maskreid"),
        ("architecture", "input_size", 48, "damaged, or written by a later maskreid"),
        ("architecture", "input_size", [48, 40], "do not fit the network's input_size"),
        ("preprocessing", "mean", [0, 0, 0], "asks for the input"),
        ("preprocessing", "colour", "RGB", "asks for the input"),
        ("preprocessing", "background_rgb", [0, 0, 0], "asks for the input"),
        ("preprocessing", "resize", [40, 36], "do not fit"),
        ("preprocessing", "resize", [54, 30], "do not fit"),
        ("preprocessing", "resize", [54, 36, 3], "do not fit"),
        ("preprocessing", "crop", [48.0, 32.0], "damaged"),
        ("preprocessing", "resize", None, "damaged"),
        ("preprocessing", "resize", [54.0, 36.0], r"later maskreid \(TypeError: a size is 54\.0\)"),
        ("preprocessing", "masks", None, "damaged"),
        ("preprocessing", "masks", {}, r"later maskreid \(KeyError: 'source'\)"),
        ("preprocessing", "masks", {"source": "fcn"}, r"later maskreid \(KeyError: 'min_share'\)"),
        ("preprocessing", "masks", {"source": 5, "min_share": 0.1}, "damaged"),
        ("preprocessing", "masks", {"source": "fcn", "min_share": "5 %"}, "damaged"),
        ("architecture", "streams", 2.0, "damaged"),
        ("architecture", "dimension", 16.0, "damaged"),
        ("architecture", "bands", 3.0, "damaged"),
        ("architecture", "last_stride", 2.0, "damaged"),
        ("architecture", "input_size", [48.0, 32.0], "damaged"),
    ],
)
def test_a_card_that_asks_for_something_else_is_refused(
    model: Model, tmp_path: Path, section: str, key: str, value: object, message: str
) -> None:
    model.card[section][key] = value
    save_model(tmp_path / "m", model.network, model.card)
    with pytest.raises(MaskreidError, match=message):
        load_model(tmp_path / "m")


def test_images_may_have_the_networks_own_size(model: Model, tmp_path: Path) -> None:
    model.card["preprocessing"]["resize"] = [48, 32]
    save_model(tmp_path / "m", model.network, model.card)
    assert load_model(tmp_path / "m").resize == (48, 32)


def test_a_card_says_what_the_network_is_and_how_to_feed_it() -> None:
    config = NetworkConfig(streams=1, fusion="none", width=0.25, dimension=16, input_size=(48, 32))
    card = make_card(
        config,
        resize=(54, 36),
        masks={"source": "given", "min_share": 0.1},
        flip=True,
        training={"data": "made up"},
        metrics={"map": 50.0},
    )
    assert card == {
        "schema_version": 1,
        "architecture": {
            "name": "MaskReID",
            "streams": 1,
            "fusion": "none",
            "width": 0.25,
            "dimension": 16,
            "input_size": [48, 32],
            "neck": "none",
            "bands": 0,
            "last_stride": 2,
            "pooling": "average",
        },
        "preprocessing": {
            "resize": [54, 36],
            "crop": [48, 32],
            "colour": "BGR",
            "mean": [102, 102, 101],
            "background_rgb": [102, 102, 101],
            "masks": {"source": "given", "min_share": 0.1},
            "flip": True,
        },
        "training": {"data": "made up"},
        "metrics": {"map": 50.0},
        "code_version": __version__,
    }


@pytest.mark.parametrize("network", [None, [], "MaskReID"])
def test_a_card_without_a_network_is_refused(model: Model, tmp_path: Path, network: object) -> None:
    save_model(tmp_path / "m", model.network, {**model.card, "architecture": network})
    with pytest.raises(MaskreidError, match=r"m\.json: damaged, or written by a later maskreid"):
        load_model(tmp_path / "m")


@pytest.mark.parametrize("training", [{}, {"training": None}, {"training": "market1501"}])
def test_a_card_without_training_is_refused(model: Model, tmp_path: Path, training: dict[str, object]) -> None:
    del model.card["training"]
    save_model(tmp_path / "m", model.network, model.card | training)
    with pytest.raises(MaskreidError, match=r"m\.json: damaged, or written by a later maskreid .*training"):
        load_model(tmp_path / "m")


def test_a_neck_comes_back_with_its_model_and_older_cards_mean_none(model: Model, tmp_path: Path) -> None:
    config = replace(CONFIG, neck="bn")
    card = make_card(config, resize=(54, 36), masks={"source": "fcn", "min_share": 0.05}, training={}, metrics={})
    save_model(tmp_path / "neck", MaskReID(config), card)
    loaded = load_model(tmp_path / "neck").network
    assert loaded.config == config
    assert not loaded.fc7_bn.bias.requires_grad
    del model.card["architecture"]["neck"]
    save_model(tmp_path / "older", model.network, model.card)
    older = load_model(tmp_path / "older")
    assert older.network.config == CONFIG
    assert older.fingerprint == model.fingerprint


@pytest.mark.parametrize(
    ("bands", "flip", "end"),
    [
        (0, False, "8 numbers out"),
        (3, False, "8 numbers out in 4 parts"),
        (0, True, "8 numbers out, with the mirror image"),
    ],
)
def test_a_network_is_described_in_one_line(bands: int, flip: bool, end: str) -> None:
    config = NetworkConfig(width=0.25, dimension=8, input_size=(48, 32), streams=1, bands=bands)
    card = make_card(config, resize=(54, 36), masks={}, flip=flip, training={}, metrics={})
    assert describe_network(card) == f"1 stream(s), fusion gap, width 0.25, 48 x 32 in, {end}"


@pytest.mark.parametrize("text", ["[]", "{}", "3", "null"])
def test_json_that_is_no_card_is_refused(model: Model, tmp_path: Path, text: str) -> None:
    save_model(tmp_path / "m", model.network, model.card)
    (tmp_path / "m.json").write_text(text)
    with pytest.raises(MaskreidError, match="not a model card"):
        load_model(tmp_path / "m")


def test_a_run_folder_is_a_model(model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_model(tmp_path / "run" / "model", model.network, model.card)
    assert load_model(tmp_path / "run").fingerprint == model.fingerprint
    monkeypatch.chdir(tmp_path / "run")
    assert load_model(".").fingerprint == model.fingerprint
    assert sorted(path.name for path in Path().iterdir()) == ["model.json", "model.safetensors"]


def test_shipped_models_load_by_name_and_near_names_are_suggested(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_shipped", lambda: tmp_path)
    save_model(tmp_path / "market1501", model.network, model.card)
    save_model(tmp_path / "market1501-compact", model.network, model.card)
    assert list(list_models()) == ["market1501", "market1501-compact"]
    assert load_model("market1501").fingerprint == model.fingerprint
    with pytest.raises(MaskreidError, match="did you mean market1501"):
        load_model("market1051")
    with pytest.raises(MaskreidError, match="shipped models: market1501, market1501-compact"):
        load_model("")


def test_a_shipped_name_wins_over_a_file_here(model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_shipped", lambda: tmp_path / "shipped")
    monkeypatch.chdir(tmp_path)
    save_model("shipped/market1501", model.network, model.card)
    shipped = model.fingerprint
    with torch.no_grad():
        model.network.fc7.bias[0] += 1
    save_model("market1501", model.network, model.card)
    assert load_model("market1501").fingerprint == shipped
    assert load_model("./market1501").fingerprint == model.fingerprint != shipped


def test_an_unwritable_place_is_named(model: Model, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(MaskreidError, match=r"file/m\.safetensors: cannot be written"):
        save_model(tmp_path / "file" / "m", model.network, model.card)


def test_half_precision_keeps_statistics_that_float16_could_not_hold(model: Model, tmp_path: Path) -> None:
    model.network.fc7_bn.running_var.fill_(1e6)
    save_model(tmp_path / "m", model.network, model.card, half=True)
    assert (load_model(tmp_path / "m").network.fc7_bn.running_var == 1e6).all()


@pytest.mark.parametrize("name", list(list_models()))
def test_every_shipped_model_loads_by_name(name: str) -> None:
    model = load_model(name)
    pixels = np.zeros((1, *model.resize, 3), np.uint8)
    assert model.embed(pixels, np.ones((1, *model.resize), np.uint8)).shape == (1, model.dimension)
    assert {"data", "identities"} <= set(model.card["training"])
    assert len(set(model.card["training"]["photos"])) == 64  # by which it knows its people in any folder


def test_a_card_can_gain_something_and_the_model_stays_the_same(model: Model, tmp_path: Path) -> None:
    save_model(tmp_path / "m", model.network, model.card)
    written = add_to_card(tmp_path / "m", "calibration", {"slope": 2.5})
    assert written == tmp_path / "m.json"
    assert read_card(tmp_path / "m") == {**model.card, "weights_sha256": ANY, "calibration": {"slope": 2.5}}
    assert load_model(tmp_path / "m").fingerprint == model.fingerprint
    assert not list(tmp_path.glob("*.part"))


def test_a_shipped_card_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    beside = Path(module.__file__).parents[1] / "models" / "market1501"
    monkeypatch.chdir(beside.parent)
    for name in ("market1501", str(beside), f"{beside}.safetensors", "./market1501"):
        with pytest.raises(MaskreidError, match=r"market1501.* is a shipped model, which stays as it is; --out PATH"):
            add_to_card(name, "calibration", {})


def test_a_copy_is_the_same_model_and_may_change(tmp_path: Path) -> None:
    copy_model("market1501-compact", tmp_path / "new" / "mine")
    mine, shipped = load_model(tmp_path / "new" / "mine"), load_model("market1501-compact")
    assert (mine.card, mine.fingerprint) == (shipped.card, shipped.fingerprint)
    add_to_card(tmp_path / "new" / "mine", "calibration", {})
    with pytest.raises(MaskreidError, match=r"mine\.safetensors: is there already; name another place"):
        copy_model("market1501", tmp_path / "new" / "mine")
    assert load_model(tmp_path / "new" / "mine").fingerprint == shipped.fingerprint


def test_a_copy_replaces_no_card_without_weights_and_no_folder(model: Model, tmp_path: Path) -> None:
    save_model(tmp_path / "m", model.network, model.card)
    (tmp_path / "lonely.json").write_text("{}")
    (tmp_path / "folder.safetensors").mkdir()
    with pytest.raises(MaskreidError, match=r"lonely\.json: is there already"):
        copy_model(tmp_path / "m", tmp_path / "lonely")
    with pytest.raises(MaskreidError, match=r"folder\.safetensors: is a folder; name a file"):
        copy_model(tmp_path / "m", tmp_path / "folder")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "folder.safetensors",
        "lonely.json",
        "m.json",
        "m.safetensors",
    ]


def test_a_damaged_card(model: Model, tmp_path: Path) -> None:
    save_model(tmp_path / "m", model.network, model.card)
    for content in (b"{", b"\xff{}"):
        (tmp_path / "m.json").write_bytes(content)
        with pytest.raises(MaskreidError, match=r"m\.json: cannot be read"):
            read_card(tmp_path / "m")
    (tmp_path / "m.json").unlink()
    with pytest.raises(MaskreidError, match=r"m\.json: cannot be read"):
        read_card(tmp_path / "m")


def test_the_shipped_models_are_calibrated() -> None:
    for card in list_models().values():
        assert card["calibration"]["ece"] <= 0.03
        assert card["calibration"]["slope"] > 0 > card["calibration"]["size_slope"]


def test_a_copy_lies_where_it_was_asked_for(model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever other models are called so: their cards stay as they are."""
    monkeypatch.chdir(tmp_path)
    save_model("a", model.network, model.card)
    for out in ("b.safetensors", "c", "./market1501"):
        card = copy_model("a", Path(out), calibration={"slope": 2.5})
        assert card == Path(out.removesuffix(".safetensors") + ".json")
        copied = load_model(card.with_suffix(".safetensors").absolute())
        assert (copied.fingerprint, copied.card["calibration"]) == (model.fingerprint, {"slope": 2.5})
    with pytest.raises(MaskreidError, match=r"b\.safetensors: is there already"):
        copy_model("a", Path("b.safetensors"), calibration={"slope": 1.0})
    assert read_card("b")["calibration"] == {"slope": 2.5}
    assert "calibration" not in read_card("a")
    copy_model("b", Path("d"), calibration={"slope": 1.0})
    assert read_card("d")["calibration"] == {"slope": 1.0}
    assert sorted(path.name for path in tmp_path.glob("*.safetensors.*")) == []
    with pytest.raises(MaskreidError, match=r"\.: is a folder; name the model's file in it"):
        copy_model("a", Path())
