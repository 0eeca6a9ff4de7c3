"""A segmenter knows people of about one height, and every image is shown to it at that height."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from maskreid.images import read_image, synthetic_world
from maskreid.masks import at_rows, load_segmenter, segment
from maskreid.masks.scale import _batches, seen_size


def bright(batch: np.ndarray) -> np.ndarray:
    """A segmenter of bright pixels."""
    return batch.mean(3) > 127


def iou(one: np.ndarray, other: np.ndarray) -> float:
    return float((one & other).sum() / (one | other).sum())


@pytest.mark.parametrize(
    ("size", "seen"),
    [
        ((128, 64), (128, 64)),
        ((160, 61), (160, 61)),
        ((320, 123), (160, 62)),  # 61.5
        ((64, 31), (128, 62)),
        ((4000, 3000), (160, 120)),
        ((5000, 1), (160, 8)),
        ((1, 5000), (128, 512)),
        ((128, 5), (128, 8)),
    ],
)
def test_an_image_is_seen_in_its_own_shape_and_neither_small_nor_large(
    size: tuple[int, int], seen: tuple[int, int]
) -> None:
    assert seen_size(*size, 128) == seen


def test_images_of_that_height_stay_as_they_are_and_others_join_them() -> None:
    rng = np.random.default_rng(0)
    sizes = [(32, 16), (16, 8), (32, 16), (8, 4), (80, 40)]
    pixels = [rng.integers(0, 255, (*size, 3), dtype=np.uint8) for size in sizes]
    batches: list[np.ndarray] = []

    def person(batch: np.ndarray) -> np.ndarray:
        batches.append(batch)
        return bright(batch)

    masks = at_rows(person, pixels, 32)
    assert [batch.shape for batch in batches] == [(4, 32, 16, 3), (1, 40, 20, 3)]
    np.testing.assert_array_equal(batches[0][[0, 2]], np.stack([pixels[0], pixels[2]]))
    assert [mask.shape for mask in masks] == sizes
    assert {mask.dtype for mask in masks} == {np.dtype(bool)}
    for row in (0, 2):
        np.testing.assert_array_equal(masks[row], bright(pixels[row][None])[0])


@pytest.mark.parametrize("scale", [0.5, 2, 3.3, 10])
def test_a_mask_comes_back_at_the_images_own_size_with_a_smooth_outline(scale: float) -> None:
    height, width = round(128 * scale), round(64 * scale)
    rows, columns = np.mgrid[:height, :width]
    disc = ((rows / height - 0.5) / 0.4) ** 2 + ((columns / width - 0.5) / 0.3) ** 2 < 1
    image = np.repeat(255 * disc[:, :, None].astype(np.uint8), 3, axis=2)
    (mask,) = at_rows(bright, [image], 128)
    assert mask.shape == disc.shape
    assert iou(mask, disc) > 0.97


@pytest.mark.parametrize(
    ("size", "together"), [((128, 64), [64, 36]), ((1500, 600), [4] * 25), ((6000, 4000), [1] * 100)]
)
def test_larger_images_are_segmented_fewer_at_a_time(size: tuple[int, int], together: list[int]) -> None:
    image = np.broadcast_to(np.uint8(0), (*size, 3))  # takes no memory
    batches = list(_batches(list(range(100)), image))
    assert [len(batch) for batch in batches] == together
    assert [index for batch in batches for index in batch] == list(range(100))


@pytest.mark.parametrize("scale", [0.5, 2, 4])
def test_the_shipped_segmenter_finds_who_is_shown_larger_or_smaller(scale: float) -> None:
    world = synthetic_world()
    native = [read_image(world.source, image.path) for image in world.splits["query"][:12]]
    shown = [
        np.asarray(Image.fromarray(each).resize((round(64 * scale), round(128 * scale)), Image.Resampling.BICUBIC))
        for each in native
    ]
    masks = segment(load_segmenter(), shown)
    assert {mask.shape for mask in masks} == {(round(128 * scale), round(64 * scale))}
    agreement = [
        iou(np.asarray(Image.fromarray(mask).resize((64, 128))), own)
        for mask, own in zip(masks, segment(load_segmenter(), native), strict=True)
    ]
    assert np.mean(agreement) > 0.55  # as they are, larger ones would reach 0.3 to 0.4, smaller ones 0.07
