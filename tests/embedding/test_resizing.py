"""The graph resizes as Pillow does."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from maskreid import images
from maskreid.embedding.resizing import resize_bilinear, resize_nearest

SIZES = [(128, 64), (160, 64), (101, 43), (50, 20), (301, 161), (17, 200), (700, 256)]


@pytest.mark.parametrize("size", SIZES)
def test_bilinear_is_that_of_images_to_a_level(size: tuple[int, int]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (2, *size, 3), dtype=np.uint8)
    expected = np.stack([images.resize_bilinear(x, (160, 64)) for x in pixels]).astype(float)
    found = resize_bilinear(torch.from_numpy(pixels), (160, 64)).numpy()
    difference = np.abs(found - expected)
    assert difference.max() <= 1
    assert (difference > 0).mean() < 0.06  # exact halves, which fixed point rounds down as often as up


@pytest.mark.parametrize("size", SIZES)
def test_nearest_is_pillow_s(size: tuple[int, int]) -> None:
    masks = np.random.default_rng(0).integers(0, 2, (2, *size), dtype=np.uint8)
    expected = np.stack([Image.fromarray(x).resize((64, 160), Image.Resampling.NEAREST) for x in masks])
    np.testing.assert_array_equal(resize_nearest(torch.from_numpy(masks), (160, 64)).numpy(), expected)
