from __future__ import annotations

import numpy as np

from maskreid.training.augment import crop_and_flip, erase


def test_image_and_mask_get_the_same_window_and_mirroring() -> None:
    rng = np.random.default_rng(0)
    masks = rng.integers(0, 2, (50, 12, 9), dtype=np.uint8)
    pixels = np.stack([masks * 7, masks * 8, masks * 9], -1)
    image, mask = crop_and_flip(pixels, masks, (10, 6), rng, flip=True)
    assert image.shape == (50, 10, 6, 3)
    np.testing.assert_array_equal(image, np.stack([mask * 7, mask * 8, mask * 9], -1))


def test_windows_cover_the_image_and_about_half_are_mirrored() -> None:
    column = np.tile(np.arange(8, dtype=np.uint8), (400, 10, 1))
    row = np.tile(np.arange(10, dtype=np.uint8)[:, None], (400, 1, 8))
    pixels = np.stack([column, row, row], -1)
    image, _ = crop_and_flip(pixels, column, (7, 6), np.random.default_rng(1), flip=True)
    mirrored = image[:, 0, 0, 0] > image[:, 0, 1, 0]
    assert 150 < mirrored.sum() < 250
    assert set(image[..., 0].min((1, 2))) == {0, 1, 2}
    assert set(image[..., 1].min((1, 2))) == {0, 1, 2, 3}


def test_without_flip_nothing_is_mirrored_and_the_full_size_is_left_alone() -> None:
    pixels = np.random.default_rng(2).integers(0, 255, (20, 5, 4, 3), dtype=np.uint8)
    image, mask = crop_and_flip(pixels, pixels[..., 0], (5, 4), np.random.default_rng(3), flip=False)
    np.testing.assert_array_equal(image, pixels)
    np.testing.assert_array_equal(mask, pixels[..., 0])


def test_erasing_fills_one_rectangle_of_image_and_mask() -> None:
    pixels, masks = np.full((300, 40, 20, 3), 7, np.uint8), np.ones((300, 40, 20), np.uint8)
    erase(pixels, masks, 0.5, np.random.default_rng(0))
    gone = masks == 0
    assert 110 < gone.any((1, 2)).sum() < 190
    np.testing.assert_array_equal(gone, (pixels == (102, 102, 101)).all(-1))
    assert (pixels[~gone] == 7).all()
    for hole in gone[gone.any((1, 2))]:
        rows, columns = np.flatnonzero(hole.any(1)), np.flatnonzero(hole.any(0))
        assert hole.sum() == len(rows) * len(columns) == (np.ptp(rows) + 1) * (np.ptp(columns) + 1)
        assert 0.01 < hole.mean() < 0.27


def test_erasing_with_probability_zero_leaves_everything() -> None:
    pixels, masks = np.full((9, 8, 6, 3), 7, np.uint8), np.ones((9, 8, 6), np.uint8)
    erase(pixels, masks, 0.0, np.random.default_rng(0))
    assert (pixels == 7).all()
    assert masks.all()
