"""Spoiled masks against loops over images and pixels."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from maskreid.training.worse_masks import draw_spoiling, grow, move, worsen_masks


def block() -> np.ndarray:
    mask = np.zeros((9, 8), np.uint8)
    mask[3:5, 2:5] = 1
    return mask


def grown(mask: np.ndarray, pixels: int) -> np.ndarray:
    out = np.zeros_like(mask)
    for y, x in zip(*np.nonzero(mask), strict=True):
        out[max(0, y - pixels) : y + pixels + 1, max(0, x - pixels) : x + pixels + 1] = 1
    return out


def moved(mask: np.ndarray, down: int, right: int) -> np.ndarray:
    out = np.zeros_like(mask)
    for y, x in zip(*np.nonzero(mask), strict=True):
        if 0 <= y + down < mask.shape[0] and 0 <= x + right < mask.shape[1]:
            out[y + down, x + right] = 1
    return out


def one(value: int) -> torch.Tensor:
    return torch.tensor([[[value]]])


@pytest.mark.parametrize("pixels", [0, 1, 2, 3])
def test_growing_reaches_every_pixel_that_near(pixels: int) -> None:
    got = grow(torch.from_numpy(block())[None], one(pixels))
    np.testing.assert_array_equal(got[0].numpy(), grown(block(), pixels))


@pytest.mark.parametrize(("down", "right"), [(0, 0), (2, -1), (-3, 2), (20, 0), (0, -20), (-10, 9)])
def test_moving_loses_what_leaves_and_brings_in_background(down: int, right: int) -> None:
    got = move(torch.from_numpy(block())[None], one(down), one(right))
    np.testing.assert_array_equal(got[0].numpy(), moved(block(), down, right))


def test_a_batch_is_spoiled_as_a_loop_spoils_it() -> None:
    random = np.random.default_rng(4)
    masks = (random.random((200, 24, 14)) < 0.5).astype(np.uint8)
    spoiling = draw_spoiling(200, 24, 0.7, random)
    expected = masks.copy()
    for i, (whole, shrinks, rim, down, right, first, last) in enumerate(spoiling):
        if whole:
            expected[i] = 1
        elif rim:
            expected[i] = 1 - grown(1 - masks[i], rim) if shrinks else grown(masks[i], rim)
        elif down or right:
            expected[i] = moved(masks[i], down, right)
        else:
            expected[i, first:last] = 0
    got = worsen_masks(torch.from_numpy(masks), torch.from_numpy(spoiling))
    np.testing.assert_array_equal(got.numpy(), expected)


def test_about_the_stated_share_is_spoiled_each_way_as_often_and_one_way_at_a_time() -> None:
    whole, shrinks, rims, down, right, first, last = draw_spoiling(5000, 20, 0.5, np.random.default_rng(0)).T
    ways = [
        whole == 1,
        (rims > 0) & (shrinks == 0),
        (rims > 0) & (shrinks == 1),
        (down != 0) | (right != 0),
        last > 0,
    ]
    counts = [way.sum() for way in ways]
    assert all(400 < count < 600 for count in counts), counts
    assert sum(counts) == np.any(ways, axis=0).sum()
    assert set(rims) == {0, 1, 2, 3}
    assert set(down) == set(right) == set(range(-8, 9))
    assert (last - first).max() == 10
    assert last.max() == 20


@pytest.mark.parametrize("probability", [0.0, 1.0])
def test_none_or_all(probability: float) -> None:
    masks = torch.ones((50, 12, 6), dtype=torch.uint8)
    masks[:, :2] = 0
    spoiling = torch.from_numpy(draw_spoiling(50, 12, probability, np.random.default_rng(1)))
    assert (worsen_masks(masks, spoiling) != masks).any() == bool(probability)
