"""Bytes to pixels. A file that cannot be decoded is named at once; nothing is retried or filled in."""

from __future__ import annotations

import io
import re
from contextlib import suppress

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFile, ImageOps, UnidentifiedImageError

from maskreid.errors import MaskreidError
from maskreid.images.source import Source

# Named, since Pillow would try every format it knows, and some of those start other programs.
IMAGE_FORMATS = ("JPEG", "PNG", "BMP", "TIFF", "WEBP")
MASK_FORMATS = ("PNG", "BMP", "TIFF")  # lossless: after JPEG, zero is no longer zero

HALVED = re.compile(r";16[BLN]")  # how Pillow says that of 16 bits a channel it keeps the upper 8


def read_image(source: Source, member: str) -> npt.NDArray[np.uint8]:
    """Return an image as (H, W, 3) uint8 RGB; the same bytes always give the same array.

    Raises:
        MaskreidError: the file is missing, empty, cut off, no image, or has more than 8 bits a channel.
    """
    return decode_image(source.read(member), f"{source.name}: {member}")


def decode_image(content: bytes, where: str) -> npt.NDArray[np.uint8]:
    """Return the image in ``content`` as (H, W, 3) uint8 RGB, upright; ``where`` names it in messages.

    Raises:
        MaskreidError: as `read_image`.
    """
    image = _decode(content, where, IMAGE_FORMATS)
    if image.mode.startswith(("I", "F")):
        raise MaskreidError(f"{where} has more than 8 bits a channel (mode {image.mode}); convert it to 8-bit RGB")
    with suppress(Exception):  # damaged EXIF, of which Pillow has more errors than it lists; pixels are turned first
        ImageOps.exif_transpose(image, in_place=True)
    return np.array(image.convert("RGB"))


def read_mask(source: Source, member: str) -> npt.NDArray[np.bool_]:
    """Return a mask or label map as (H, W) bool: true where the value is not 0.

    PNG, BMP or TIFF; 1-bit, grey, colour or palette (whose labels count, not the colours). Alpha does not count.

    Raises:
        MaskreidError: the file is missing, empty, cut off, no such image, or has colours of more than 8 bits.
    """
    image = _decode(source.read(member), f"{source.name}: {member}", MASK_FORMATS)
    values = np.asarray(image).astype(np.bool_)
    if values.ndim == 2:
        return values
    colours = values.shape[2] - (image.mode in ("LA", "PA", "RGBA"))
    return np.asarray(values[:, :, :colours].any(axis=2), dtype=np.bool_)


def _decode(content: bytes, where: str, formats: tuple[str, ...]) -> Image.Image:
    if not content:
        raise MaskreidError(f"{where} is empty; copy it again or remove it")
    if ImageFile.LOAD_TRUNCATED_IMAGES:
        raise MaskreidError("PIL.ImageFile.LOAD_TRUNCATED_IMAGES is set, which hides damaged images; set it to False")
    try:
        with Image.open(io.BytesIO(content), formats=formats) as image:
            halved = not image.mode.startswith("I") and HALVED.search(str(image.tile))
            image.load()
    except Exception as error:  # Pillow's readers raise nearly anything on damaged bytes
        reason = f"not {', '.join(formats)}" if isinstance(error, UnidentifiedImageError) else error
        raise MaskreidError(f"{where} cannot be decoded ({reason}); copy it again or remove it") from None
    if halved:
        raise MaskreidError(f"{where} has more than 8 bits a channel ({image.mode}); convert it to 8 bits")
    return image
