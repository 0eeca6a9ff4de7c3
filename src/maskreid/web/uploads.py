"""Files that somebody sent: small enough, an image, whole."""

from __future__ import annotations

import io
from threading import BoundedSemaphore

import numpy as np
import numpy.typing as npt
from PIL import Image

from maskreid.errors import MaskreidError
from maskreid.images import decode_image
from maskreid.images.decode import IMAGE_FORMATS
from maskreid.web.errors import TooLargeError, WrongTypeError

PIXELS = 40_000_000  # of a picture as it was sent: a photo, but no bomb
SIDE = 512  # pixels kept each way: the network reads fewer, and masks are drawn at this size
IMAGES = 16  # of one person at a time
DECODING = BoundedSemaphore(2)  # a few bytes unfold to half a gigabyte, so no more than two at once


def picture_from(content: bytes, name: str) -> npt.NDArray[np.uint8]:
    """Return an image as (H, W, 3) uint8 RGB, at most `SIDE` pixels high and wide; ``name`` is what to call it.

    Raises:
        WrongTypeError: it is no image of a known format, or damaged.
        TooLargeError: it unfolds to more than `PIXELS`.
    """
    try:
        with Image.open(io.BytesIO(content), formats=IMAGE_FORMATS) as opened:
            width, height = opened.size
    except Image.DecompressionBombError:
        raise _bomb(name) from None
    except Exception:  # Pillow's readers raise nearly anything on damaged bytes
        raise WrongTypeError(f"{name} is no image; expected {', '.join(IMAGE_FORMATS)}") from None
    if width * height > PIXELS:
        raise _bomb(name)
    try:
        with DECODING:
            return _fitting(decode_image(content, name))
    except MaskreidError as error:
        raise WrongTypeError(str(error)) from None


def _fitting(picture: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    height, width = picture.shape[:2]  # upright, which the file's own order of pixels need not be
    if max(width, height) > SIDE:
        size = (max(1, round(width * SIDE / max(width, height))), max(1, round(height * SIDE / max(width, height))))
        return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BILINEAR))
    return picture


def mask_from(content: bytes, shape: tuple[int, int]) -> npt.NDArray[np.bool_]:
    """Return a mask that was sent as PNG, (H, W) bool: true where it is bright.

    Raises:
        WrongTypeError: it is no PNG, or of another size than its picture.
    """
    try:
        with Image.open(io.BytesIO(content), formats=["PNG"]) as opened:
            if (opened.height, opened.width) != shape:
                raise WrongTypeError(
                    f"the mask is {opened.width} x {opened.height}, its image {shape[1]} x {shape[0]}; send one of "
                    "the same size"
                )
            return np.asarray(opened.convert("L")) > 127
    except WrongTypeError:
        raise
    except Exception:
        raise WrongTypeError("the mask cannot be decoded; expected a PNG of the image's size") from None


def _bomb(name: str) -> TooLargeError:
    return TooLargeError(f"{name} has more than {PIXELS // 1_000_000} million pixels; send a smaller image")
