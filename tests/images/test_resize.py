from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from maskreid.images import resize_bilinear


def test_columns_come_first_whatever_the_sizes() -> None:
    """By hand: rows of 5, 5, 1 and 1 have a mean of 3; columns of 2.5 and 3.5, rounded to 3 and 4, one of 4."""
    pixels = np.array([[5, 5], [5, 5], [0, 2], [0, 2]], np.uint8)
    assert resize_bilinear(pixels, (1, 1)).tolist() == [[3]]


@pytest.mark.parametrize("shape", [(128, 64, 3), (40, 30)])
def test_larger_it_is_as_pillow_itself_has_it(shape: tuple[int, ...]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    expected = Image.fromarray(pixels).resize((104, 208), Image.Resampling.BILINEAR)
    np.testing.assert_array_equal(resize_bilinear(pixels, (208, 104)), expected)


def test_at_its_own_size_it_stays_as_it_is() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (20, 10, 3), dtype=np.uint8)
    np.testing.assert_array_equal(resize_bilinear(pixels, (20, 10)), pixels)
