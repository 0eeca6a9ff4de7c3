"""Images as a model reads them: of one size, each with its mask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
from PIL import Image

from maskreid.errors import MaskreidError
from maskreid.images.records import PersonImage
from maskreid.images.resize import resize_bilinear
from maskreid.images.source import Source

MIN_SHARE = 0.05  # of an image; a mask that covers less has missed the person, unless a recipe says otherwise


class MaskSource(Protocol):
    """Whatever tells where the person is; `maskreid.masks` has four."""

    @property
    def name(self) -> str:
        """What it is called in fingerprints: changes when the masks would, but for a few pixels of the outline."""

    def __call__(
        self, source: Source, images: Sequence[PersonImage], pixels: Sequence[npt.NDArray[np.uint8]]
    ) -> list[npt.NDArray[np.bool_]]:
        """Return an (H, W) bool mask for each (H, W, 3) uint8 RGB image."""


@dataclass(frozen=True, eq=False)
class ShapedImages:
    """N images of one size.

    Attributes:
        pixels: (N, H, W, 3) uint8 RGB.
        masks: (N, H, W) uint8, 1 on the person.
        coverage: (N,) float32 share of each image that its own mask covers.
        fallbacks: of how many images the whole stands in for a mask that covers too little.
    """

    pixels: npt.NDArray[np.uint8]
    masks: npt.NDArray[np.uint8]
    coverage: npt.NDArray[np.float32]
    fallbacks: int


def shape_images(
    source: Source,
    images: Sequence[PersonImage],
    native: Sequence[npt.NDArray[np.uint8]],
    *,
    size: tuple[int, int],
    masks: MaskSource | None,
    min_share: float,
) -> ShapedImages:
    """Mask and resize some images.

    Args:
        source: where they came from.
        images: their records.
        native: (H, W, 3) uint8 RGB each, of any size.
        size: (height, width) to resize to, `resize_bilinear` for images and Pillow's nearest for masks.
        masks: where the person is; None covers the whole image.
        min_share: a mask covering less of its image than this is replaced by the whole image, and counted.

    Raises:
        MaskreidError: a mask is missing, or has another size than its image.
    """
    pixels = np.empty((len(images), *size, 3), np.uint8)
    shapes = np.empty((len(images), *size), np.uint8)
    coverage = np.empty(len(images), np.float32)
    fallbacks = 0
    for row, (picture, mask) in enumerate(zip(native, fitting_masks(source, images, native, masks), strict=True)):
        coverage[row] = mask.mean(dtype=np.float32)
        if coverage[row] < min_share:
            mask, fallbacks = np.ones_like(mask), fallbacks + 1
        pixels[row] = resize_bilinear(picture, size)
        shapes[row] = _resize_nearest(mask.astype(np.uint8), size)
    return ShapedImages(pixels, shapes, coverage, fallbacks)


def fitting_masks(
    source: Source, images: Sequence[PersonImage], native: Sequence[npt.NDArray[np.uint8]], masks: MaskSource | None
) -> list[npt.NDArray[np.bool_]]:
    """Return a mask for each image, of the image's own size.

    Args:
        source: where the images came from.
        images: their records.
        native: (H, W, 3) uint8 RGB each, of any size.
        masks: where the person is; None covers the whole image.

    Returns:
        An (H, W) bool array an image.

    Raises:
        MaskreidError: a mask is missing, or has another size than its image.
    """
    if masks is None:
        return [np.ones(picture.shape[:2], np.bool_) for picture in native]
    found = masks(source, images, native)
    if len(found) != len(images):
        raise MaskreidError(f"masks {masks.name!r}: expected {len(images)} masks, got {len(found)}")
    for image, picture, mask in zip(images, native, found, strict=True):
        if mask.shape != picture.shape[:2]:
            raise MaskreidError(
                f"{source.name}: the mask of {image.path} is {' x '.join(map(str, mask.shape))} (height x width), "
                f"its image {picture.shape[0]} x {picture.shape[1]}; make the mask at the image's own size"
            )
    return found


def _resize_nearest(mask: npt.NDArray[np.uint8], size: tuple[int, int]) -> npt.NDArray[np.uint8]:
    return np.asarray(Image.fromarray(mask).resize((size[1], size[0]), Image.Resampling.NEAREST))
