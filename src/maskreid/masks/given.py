"""Masks that somebody has at hand already, one for each image of a call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from maskreid.images import PersonImage, Source


@dataclass(frozen=True, eq=False)
class GivenMasks:
    """Masks for one call of `maskreid.images.shape_images`, in the order of its images.

    Attributes:
        masks: an (H, W) bool array an image.
    """

    masks: Sequence[npt.NDArray[np.bool_]]
    name: str = "given"

    def __call__(
        self, source: Source, images: Sequence[PersonImage], pixels: Sequence[npt.NDArray[np.uint8]]
    ) -> list[npt.NDArray[np.bool_]]:
        """Return them.

        Raises:
            ValueError: there are more or fewer than images.
        """
        if len(self.masks) != len(images):
            raise ValueError(f"expected a mask for each of {len(images)} images, got {len(self.masks)}")
        return list(self.masks)
