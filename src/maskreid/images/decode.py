"""Bytes to pixels. A file that cannot be decoded is named at once; nothing is retried or filled in."""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
from PIL import Image

from maskreid.errors import MaskreidError
from maskreid.images.source import Source


def read_image(source: Source, member: str) -> npt.NDArray[np.uint8]:
    """Return an image as (H, W, 3) uint8 RGB.

    Raises:
        MaskreidError: the file is missing, empty, cut off or no image.
    """
    return np.asarray(_decode(source, member, "RGB"))


def read_mask(source: Source, member: str) -> npt.NDArray[np.bool_]:
    """Return a mask or label map as (H, W) bool: true where the value is not 0.

    Raises:
        MaskreidError: the file is missing, empty, cut off or no image.
    """
    return np.asarray(_decode(source, member, None)) != 0


def _decode(source: Source, member: str, mode: str | None) -> Image.Image:
    content = source.read(member)
    where = f"{source.name}: {member}"
    if not content:
        raise MaskreidError(f"{where} is empty; copy it again or remove it")
    try:
        with Image.open(io.BytesIO(content)) as image:
            if mode is None:  # a palette's indices are the labels; its colours are not
                image.load()
                return image.copy() if image.mode in ("P", "L", "1", "I", "I;16") else image.convert("L")
            return image.convert(mode)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise MaskreidError(f"{where} cannot be decoded ({error}); copy it again or remove it") from None
