"""What is drawn over and around a crop."""

from __future__ import annotations

import base64
import io

import numpy as np
from PIL import Image

from maskreid.reports.pictures import GAP, TILE, data_uri, fit, mask_over, mask_sheet, masked_image


def crop(height: int = 8, width: int = 4) -> np.ndarray:
    return np.full((height, width, 3), 200, np.uint8)


def test_masked_image_keeps_the_person_and_fills_the_rest_with_the_mean_colour() -> None:
    mask = np.zeros((8, 4), bool)
    mask[2:5, 1] = True
    filled = masked_image(crop(), mask)
    assert (filled[mask] == 200).all()
    assert (filled[~mask] == (102, 102, 101)).all()


def test_the_outline_is_white_the_inside_untouched_and_the_background_tinted() -> None:
    mask = np.zeros((8, 8), bool)
    mask[1:6, 1:6] = True
    shown = mask_over(crop(8, 8), mask)
    inside = np.zeros_like(mask)
    inside[2:5, 2:5] = True
    assert (shown[inside] == 200).all()
    assert (shown[mask & ~inside] == 255).all()
    assert not (shown[~mask] == 200).all(-1).any()


def test_a_person_that_fills_the_crop_has_no_outline_inside_it() -> None:
    np.testing.assert_array_equal(mask_over(crop(), np.ones((8, 4), bool)), crop())


def test_a_sheet_has_three_tiles_for_each_crop() -> None:
    sheet = mask_sheet([crop()] * 5, [np.ones((8, 4), bool)] * 5, columns=2)
    assert sheet.size == (2 * (3 * TILE[1] + GAP) + GAP, 3 * (TILE[0] + GAP) + GAP)


def test_an_empty_sheet_is_a_picture_too() -> None:
    assert mask_sheet([], []).size == (3 * TILE[1] + 2 * GAP, GAP)


def test_fit_does_not_distort() -> None:
    wide = np.asarray(fit(np.full((10, 40, 3), 255, np.uint8)))
    assert wide.shape == (*TILE, 3)
    white = (wide == 255).all(-1)
    assert white.any(1).sum() == 16  # a quarter of the tile's 64 columns
    assert white.any(0).all()


def test_a_data_uri_holds_the_crop() -> None:
    uri = data_uri(crop())
    assert uri.startswith("data:image/webp;base64,")
    shown = np.asarray(Image.open(io.BytesIO(base64.b64decode(uri.split(",")[1]))).convert("RGB"))
    assert shown.shape == (8, 4, 3)
    assert abs(shown.astype(int) - 200).max() < 8
