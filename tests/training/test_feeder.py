"""What the network is given, against a loop over images that draws the same chances."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from maskreid.errors import MaskreidError
from maskreid.images import PackedImages
from maskreid.network import NetworkConfig
from maskreid.training import BatchConfig, DataConfig, Recipe
from maskreid.training import feeder as feeder_module
from maskreid.training.augment import draw_holes, draw_tones, draw_windows, zoom
from maskreid.training.batches import make_sampler
from maskreid.training.feeder import Feeder
from maskreid.training.worse_masks import draw_spoiling, worsen_masks

RECIPE = Recipe(
    name="feeder",
    seed=3,
    data=DataConfig(resize=(40, 36), zoom=0.5, erase=0.5, colour=0.5, worse_masks=0.5),
    network=NetworkConfig(input_size=(36, 32)),
    batch=BatchConfig(size=10),
)


def packed(count: int = 40) -> PackedImages:
    random = np.random.default_rng(0)
    return PackedImages(
        pixels=random.integers(0, 256, (count, 40, 36, 3), dtype=np.uint8),
        masks=random.integers(0, 2, (count, 40, 36), dtype=np.uint8),
        identities=np.repeat(np.arange(count // 4) * 7, 4),
        cameras=np.ones(count, np.int64),
        paths=tuple(map(str, range(count))),
        coverage=np.ones(count, np.float32),
        fallbacks=0,
        fingerprint="none",
    )


def slowly(images: PackedImages, recipe: Recipe, iteration: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The same batch, image by image in NumPy."""
    height, width = recipe.network.input_size
    rng = np.random.default_rng((recipe.seed, 5, iteration))
    rng.integers(2**62), rng.integers(2**62)
    chosen = make_sampler(recipe.batch, images.identities, recipe.seed)(iteration)
    windows = draw_windows(len(chosen), recipe.data.resize, (height, width), rng, flip=recipe.data.flip)
    holes = draw_holes(len(chosen), (height, width), recipe.data.erase, rng)
    spoiling = draw_spoiling(len(chosen), height, recipe.data.worse_masks, rng)
    tones = draw_tones(len(chosen), recipe.data.colour, rng)
    windows = zoom(windows, recipe.data.resize, recipe.data.zoom, rng)
    image, masked = np.empty((2, len(chosen), 3, height, width), np.float32)
    for i, one in enumerate(chosen):
        rows = windows.tops[i] + (np.arange(height) + 0.5) * windows.heights[i] / height
        columns = windows.lefts[i] + (np.arange(width) + 0.5) * windows.widths[i] / width
        window = np.ix_(rows.astype(int), columns.astype(int))
        pixels, mask = images.pixels[one][window], images.masks[one][window]
        if windows.mirrored[i]:
            pixels, mask = pixels[:, ::-1], mask[:, ::-1]
        pixels, mask = np.stack([tones[i, c][pixels[..., c]] for c in range(3)], -1), mask.copy()
        top, bottom, left, right = holes[i]
        pixels[top:bottom, left:right] = (102, 102, 101)
        mask[top:bottom, left:right] = 0
        mask = worsen_masks(torch.from_numpy(mask)[None], torch.from_numpy(spoiling[i : i + 1]))[0].numpy()
        without = np.where(mask[..., None] == 1, pixels, np.array([102, 102, 101], np.uint8))
        for out, source in ((image, pixels), (masked, without)):
            out[i] = (source[..., ::-1].astype(np.float32) - np.array([102, 102, 101])).transpose(2, 0, 1)
    return image, masked, images.identities[chosen] // 7


@pytest.mark.parametrize(
    "recipe",
    [
        RECIPE,
        replace(RECIPE, data=DataConfig(resize=(40, 36), flip=False)),
        replace(RECIPE, batch=BatchConfig(sampler="ranking", positives=3, negatives=6)),
        replace(RECIPE, batch=BatchConfig(sampler="identities", identities=5, images=3)),
    ],
    ids=["everything", "crop alone", "ranking", "identities"],
)
@pytest.mark.parametrize("kernels", [True, False], ids=["kernels", "tensors"])
def test_a_batch_is_the_one_of_a_loop_over_images(recipe: Recipe, kernels: bool) -> None:
    images = packed()
    feeder = Feeder(images, recipe, "cpu")
    assert feeder.kernels
    feeder.kernels = kernels
    for iteration in (7, 0, 3):  # in any order
        batch, expected = feeder(iteration), slowly(images, recipe, iteration)
        for got, wanted in zip((batch.image, batch.masked, batch.targets), expected, strict=True):
            np.testing.assert_array_equal(got.numpy(), wanted)
        assert batch.image.is_contiguous(memory_format=torch.channels_last)
        assert batch.masked.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("ranks", [2, 3])
def test_the_parts_of_all_processes_are_the_batch_of_one(ranks: int) -> None:
    whole = Feeder(packed(), RECIPE, "cpu")(5)
    parts = [Feeder(packed(), RECIPE, "cpu", rank=rank, ranks=ranks)(5) for rank in range(ranks)]
    assert torch.equal(torch.cat([part.image for part in parts]), whole.image)
    assert torch.equal(torch.cat([part.masked for part in parts]), whole.masked)
    for part in parts:
        assert torch.equal(part.targets, whole.targets)
        assert (part.dropout_seed, part.pairs_seed) == (whole.dropout_seed, whole.pairs_seed)


def test_images_that_do_not_fit_on_the_device_are_sent_batch_by_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    """The meta device stands in for a GPU: shapes and devices are right, or an operation would refuse."""
    monkeypatch.setattr(feeder_module, "_fits", lambda *_: False)
    batch = Feeder(packed(), replace(RECIPE, data=DataConfig(resize=(40, 36), erase=0.5, colour=0.5)), "meta")(0)
    assert batch.image.device.type == batch.masked.device.type == batch.targets.device.type == "meta"
    assert batch.image.shape == batch.masked.shape == (10, 3, 36, 32)


def test_a_batch_has_an_image_for_every_process() -> None:
    count = len(Feeder(packed(), RECIPE, "cpu")(0).chosen)
    Feeder(packed(), RECIPE, "cpu", rank=0, ranks=count)
    with pytest.raises(MaskreidError, match=f"a batch has {count} images for {count + 1} processes; start fewer"):
        Feeder(packed(), RECIPE, "cpu", rank=0, ranks=count + 1)
