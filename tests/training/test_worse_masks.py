from __future__ import annotations

import numpy as np
import pytest

from maskreid.training.worse_masks import grow, move, worsen_masks


def block() -> np.ndarray:
    mask = np.zeros((9, 8), np.uint8)
    mask[3:5, 2:5] = 1
    return mask


@pytest.mark.parametrize("pixels", [0, 1, 2, 20])
def test_growing_reaches_every_pixel_that_near(pixels: int) -> None:
    mask, expected = block(), np.zeros((9, 8), np.uint8)
    for y, x in np.ndindex(9, 8):
        expected[y, x] = any(max(abs(y - j), abs(x - i)) <= pixels for j, i in zip(*np.nonzero(mask), strict=True))
    np.testing.assert_array_equal(grow(mask, pixels), expected)


@pytest.mark.parametrize(("down", "right"), [(0, 0), (2, -1), (-3, 2), (20, 0), (0, -20), (-10, 9)])
def test_moving_loses_what_leaves_and_brings_in_background(down: int, right: int) -> None:
    mask, expected = block(), np.zeros((9, 8), np.uint8)
    for y, x in zip(*np.nonzero(mask), strict=True):
        if 0 <= y + down < 9 and 0 <= x + right < 8:
            expected[y + down, x + right] = 1
    np.testing.assert_array_equal(move(mask, down, right), expected)


def test_about_the_stated_share_is_spoiled_in_every_way() -> None:
    before = np.stack([block()] * 1000)
    masks = before.copy()
    worsen_masks(masks, 0.5, np.random.default_rng(0))
    changed = (masks != before).any((1, 2))
    assert 400 < changed.sum() < 520  # a few of the 500 lose rows that they have nothing in, or move by nothing
    assert set(np.unique(masks)) == {0, 1}
    sizes = masks[changed].sum((1, 2))
    assert (sizes == 72).any()  # whole
    assert ((sizes > 6) & (sizes < 72)).any()  # grown
    assert (sizes == 6).any()  # moved
    assert (sizes == 0).any()  # shrunk away


@pytest.mark.parametrize("probability", [0.0, 1.0])
def test_none_or_all(probability: float) -> None:
    masks = np.ones((50, 12, 6), np.uint8)
    masks[:, :2] = 0
    before = masks.copy()
    worsen_masks(masks, probability, np.random.default_rng(1))
    assert (masks != before).any() == bool(probability)
