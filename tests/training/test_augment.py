"""Batched crops, mirrors and holes against loops over images."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from maskreid.training.augment import crop_and_flip, draw_holes, draw_tones, draw_windows, erase, retone, zoom


def numbered(count: int, height: int, width: int) -> np.ndarray:
    return np.arange(count * height * width, dtype=np.int32).reshape(count, height, width)


@pytest.mark.parametrize(("whole", "size"), [((12, 9), (10, 6)), ((5, 4), (5, 4)), ((7, 9), (1, 9))])
@pytest.mark.parametrize("flip", [True, False])
@pytest.mark.parametrize("zoomed", [0.0, 0.5])
def test_windows_are_those_of_a_loop(
    whole: tuple[int, int], size: tuple[int, int], flip: bool, zoomed: float
) -> None:
    images = numbered(50, *whole)
    rng = np.random.default_rng(0)
    windows = zoom(draw_windows(50, whole, size, rng, flip=flip), whole, zoomed, rng)
    chosen = np.random.default_rng(1).integers(0, 50, 50)
    drawn = np.column_stack([chosen, windows.tops, windows.lefts, windows.heights, windows.widths, windows.mirrored])
    got = crop_and_flip(torch.from_numpy(images), torch.from_numpy(drawn), size)
    expected = np.empty((50, *size), np.int32)
    for i, (image, top, left, tall, wide, mirrored) in enumerate(drawn):
        window = images[image, top : top + tall, left : left + wide]
        for y, x in np.ndindex(size):
            nearest = [
                int((place + 0.5) * length / to) for place, length, to in zip((y, x), (tall, wide), size, strict=True)
            ]
            expected[i, y, size[1] - 1 - x if mirrored else x] = window[nearest[0], nearest[1]]
    np.testing.assert_array_equal(got.numpy(), expected)
    assert windows.mirrored.any() == flip


def test_windows_cover_the_image_and_about_half_are_mirrored() -> None:
    windows = draw_windows(400, (10, 8), (7, 6), np.random.default_rng(1), flip=True)
    assert 150 < windows.mirrored.sum() < 250
    assert set(windows.tops) == {0, 1, 2, 3}
    assert set(windows.lefts) == {0, 1, 2}


def test_about_the_stated_share_is_zoomed_within_its_bounds_and_the_image() -> None:
    rng = np.random.default_rng(0)
    plain = draw_windows(3000, (40, 20), (36, 18), rng, flip=True)
    zoomed = zoom(plain, (40, 20), 0.5, rng)
    np.testing.assert_array_equal(zoomed.mirrored, plain.mirrored)
    hit = (zoomed.heights != 36) | (zoomed.widths != 18)
    assert 1350 < hit.sum() < 1650
    for tops, sides, whole in ((zoomed.tops, zoomed.heights, 40), (zoomed.lefts, zoomed.widths, 20)):
        assert (sides.min(), sides.max()) == (whole * 3 // 4, whole)
        assert tops.min() == 0
        assert (tops + sides).max() == whole
    assert np.corrcoef(zoomed.heights[hit], zoomed.widths[hit])[0, 1] < 0.1
    for name, values in vars(zoom(plain, (40, 20), 0.0, rng)).items():
        np.testing.assert_array_equal(values, getattr(plain, name))


def test_holes_are_those_of_a_loop_and_leave_image_and_mask() -> None:
    holes = draw_holes(300, (40, 20), 0.5, np.random.default_rng(0))
    channels = np.random.default_rng(1).integers(0, 256, (300, 40, 20, 4), dtype=np.uint8)
    got = erase(torch.from_numpy(channels.copy()).view(torch.int32)[..., 0], torch.from_numpy(holes))
    expected = channels.copy()
    for image, (top, bottom, left, right) in zip(expected, holes, strict=True):
        image[top:bottom, left:right] = (102, 102, 101, 0)
    np.testing.assert_array_equal(got.numpy().view(np.uint8).reshape(channels.shape), expected)


def test_about_the_stated_share_is_erased_from_within_its_bounds() -> None:
    holes = draw_holes(3000, (40, 20), 0.5, np.random.default_rng(0))
    top, bottom, left, right = holes[holes.any(1)].T
    assert 1350 < len(top) < 1650
    assert top.min() == left.min() == 0
    assert bottom.max() == 40
    assert right.max() == 20
    areas = (bottom - top) * (right - left) / 800
    assert 0.01 < areas.min() < 0.03
    assert 0.2 < areas.max() < 0.27
    assert ((bottom - top) > 2 * (right - left)).any()
    assert ((right - left) > 2 * (bottom - top)).any()


def test_erasing_with_probability_zero_leaves_everything() -> None:
    assert not draw_holes(100, (40, 20), 0.0, np.random.default_rng(0)).any()


def test_colours_are_those_of_a_loop_and_the_mask_stays() -> None:
    tables = draw_tones(20, 0.5, np.random.default_rng(0))
    channels = np.random.default_rng(1).integers(0, 256, (20, 9, 5, 4), dtype=np.uint8)
    pixels = torch.from_numpy(channels.copy()).view(torch.int32)[..., 0]
    retone(pixels, torch.from_numpy(tables))
    got = pixels.numpy().view(np.uint8).reshape(channels.shape)
    for i, y, x in np.ndindex(channels.shape[:3]):
        wanted = [tables[i, c, channels[i, y, x, c]] for c in range(3)]
        np.testing.assert_array_equal(got[i, y, x], [*wanted, channels[i, y, x, 3]])


def test_about_the_stated_share_has_other_colours_within_their_bounds() -> None:
    tables = draw_tones(3000, 0.3, np.random.default_rng(0)).astype(int)
    change = tables - np.arange(256)
    hit = change.any((1, 2))
    assert 800 < hit.sum() < 1000
    assert (np.diff(tables, axis=2) >= 0).all()  # what was brighter is no darker
    middle = change[hit][:, :, 102]  # where contrast changes nothing
    assert 40 < np.abs(middle).max() <= 48
    assert np.abs(middle - middle.mean(1, keepdims=True)).max() <= 16 * 4 / 3 + 1  # of which each by itself
    slopes = (tables[hit][:, 0, 130] - tables[hit][:, 0, 70]) / 60
    assert 0.7 < slopes.min() < 0.8
    assert 1.28 < slopes.max() < 1.4


def test_colours_with_probability_zero_stay() -> None:
    assert (draw_tones(100, 0.0, np.random.default_rng(0)) == np.arange(256)).all()
