"""One picture at a time as a query: its mask to look at and to correct, then its feature."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from maskreid.gallery.gallery import Gallery
from maskreid.gallery.nearest import Vectors
from maskreid.images import Folder, PersonImage, shape_images

if TYPE_CHECKING:
    from maskreid.network import Model

Mask = npt.NDArray[np.bool_]
Picture = npt.NDArray[np.uint8]
NOWHERE, NOBODY = Folder("query"), PersonImage("query", 0, -1)


class Asker:
    """A gallery's model and masks, loaded once; threads may share it.

    Attributes:
        masked: whether the model reads a mask at all.
        min_share: of an image that a mask must cover to count.
    """

    def __init__(self, gallery: Gallery, model: Model | None = None) -> None:
        """Load what is needed.

        Args:
            gallery: whose queries these are.
            model: from ``gallery.model()``, which is the default.

        Raises:
            MaskreidError: the model is not there, or not the gallery's.
        """
        from maskreid.masks import mask_source

        self.model = gallery.own(model) if model else gallery.model()
        self.masked = gallery.settings.masks != "none"
        # Whatever made the gallery's masks may know its own images only.
        self._masks = mask_source("fcn" if self.masked else "none")
        self.min_share = self.model.min_share
        self._lock = Lock()

    def mask(self, picture: Picture) -> Mask:
        """Return where the person is in an (H, W, 3) uint8 RGB picture, (H, W) bool; everywhere without masks."""
        if self._masks is None:
            return np.ones(picture.shape[:2], np.bool_)
        with self._lock:
            return self._masks(NOWHERE, [NOBODY], [picture])[0]

    def usable(self, mask: Mask) -> bool:
        """Whether a mask covers enough; for one that does not, the whole picture stands in."""
        return bool(mask.mean() >= self.min_share)

    def vector(self, picture: Picture, mask: Mask) -> Vectors:
        """Return the feature of a picture under a mask of its own size, (1, D) float32 of length 1."""
        return self.vectors([picture], [mask])

    def vectors(self, pictures: Sequence[Picture], masks: Sequence[Mask]) -> Vectors:
        """Return the features of N pictures, each under its own mask, (N, D) float32 unit rows."""
        from maskreid.masks import GivenMasks

        shaped = shape_images(
            NOWHERE,
            [NOBODY] * len(pictures),
            pictures,
            size=self.model.resize,
            masks=GivenMasks(masks),
            min_share=self.min_share,
        )
        with self._lock:
            return self.model.embed(shaped.pixels, shaped.masks)
