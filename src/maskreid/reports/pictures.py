"""Crops as pictures: masks drawn over them, sheets of them, and the data URIs that a page carries."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image

Pixels = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
TINT = np.array((255, 64, 160), np.float32)
TILE = (128, 64)  # (height, width) of a crop on a sheet
GAP = 6


def masked_image(pixels: Pixels, mask: Mask) -> Pixels:
    """Fill the background with the mean colour, as the network's second input has it; (H, W, 3) uint8."""
    from maskreid.network import BACKGROUND_RGB  # brings torch, which the rest of this room does without

    return np.where(mask[..., None], pixels, np.array(BACKGROUND_RGB, np.uint8)).astype(np.uint8)


def mask_over(pixels: Pixels, mask: Mask) -> Pixels:
    """Tint the background and draw the mask's outline, so that the person can still be seen; (H, W, 3) uint8."""
    shown = pixels.astype(np.float32)
    shown[~mask] = 0.45 * shown[~mask] + 0.55 * TINT
    inside = mask.copy()
    inside[1:] &= mask[:-1]
    inside[:-1] &= mask[1:]
    inside[:, 1:] &= mask[:, :-1]
    inside[:, :-1] &= mask[:, 1:]
    shown[mask & ~inside] = 255
    return shown.astype(np.uint8)


def mask_sheet(pixels: Sequence[Pixels], masks: Sequence[Mask], columns: int = 8) -> Image.Image:
    """Draw a contact sheet: for each crop the image, the mask over it, and the masked image.

    Args:
        pixels: (H, W, 3) uint8 RGB, of any sizes.
        masks: (H, W) bool, each of its image's size.
        columns: crops in a row.
    """
    columns = min(columns, max(1, len(pixels)))
    height, width = TILE[0] + GAP, 3 * TILE[1] + GAP
    rows = -(-len(pixels) // columns)
    sheet = Image.new("RGB", (columns * width + GAP, rows * height + GAP), (255, 255, 255))
    for index, (image, mask) in enumerate(zip(pixels, masks, strict=True)):
        left, top = GAP + index % columns * width, GAP + index // columns * height
        for place, shown in enumerate((image, mask_over(image, mask), masked_image(image, mask))):
            sheet.paste(fit(shown), (left + place * TILE[1], top))
    return sheet


def fit(pixels: Pixels) -> Image.Image:
    """Scale a crop into a tile without distorting it, on grey."""
    image = Image.fromarray(pixels)
    scale = min(TILE[1] / image.width, TILE[0] / image.height)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    tile = Image.new("RGB", (TILE[1], TILE[0]), (128, 128, 128))
    resized = image.resize(size, Image.Resampling.BILINEAR)
    tile.paste(resized, ((TILE[1] - size[0]) // 2, (TILE[0] - size[1]) // 2))
    return tile


def data_uri(pixels: Pixels) -> str:
    """Return a crop as a WebP data URI that an <img> shows without any request."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "WEBP", quality=85)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode()
