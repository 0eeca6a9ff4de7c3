"""Masks at hand take the place of made ones, and none is missing."""

from __future__ import annotations

import numpy as np
import pytest

from maskreid.images import Folder, PersonImage, shape_images
from maskreid.masks import GivenMasks

IMAGES = [PersonImage(f"{number}.jpg", 1, 1) for number in range(2)]
PICTURES = [np.full((8, 4, 3), 100, np.uint8)] * 2
MASKS = [np.arange(32).reshape(8, 4) < 16, np.arange(32).reshape(8, 4) >= 16]


def test_each_image_gets_its_own() -> None:
    shaped = shape_images(Folder("."), IMAGES, PICTURES, size=(8, 4), masks=GivenMasks(MASKS), min_share=0.1)
    np.testing.assert_array_equal(shaped.masks, np.stack(MASKS))


def test_one_too_few() -> None:
    with pytest.raises(ValueError, match="expected a mask for each of 2 images, got 1"):
        GivenMasks(MASKS[:1])(Folder("."), IMAGES, PICTURES)
