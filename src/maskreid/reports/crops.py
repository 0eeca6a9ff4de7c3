"""Where a page gets its pictures: the images of a dataset, read one by one, with masks as the model had them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from maskreid.errors import MaskreidError
from maskreid.images import Dataset, MaskSource, PersonImage, read_image, shape_images
from maskreid.images.shaped import MIN_SHARE
from maskreid.reports.pictures import Mask, Pixels
from maskreid.retrieval import Features

SIZE = (192, 96)  # (height, width): sharp on a dense screen, and 1.5 times Market-1501's own


class Crops(Protocol):
    """Pictures of some rows of features."""

    def __call__(
        self, features: Features, rows: Sequence[int], *, masks: bool = False
    ) -> list[tuple[Pixels, Mask | None]]:
        """Return (H, W, 3) uint8 RGB of each row, and, if ``masks`` are wanted and there are any, (H, W) bool."""


class DatasetCrops:
    """The pictures that features were made of, found by their paths."""

    def __init__(
        self,
        dataset: Dataset,
        masks: MaskSource | None = None,
        *,
        min_share: float = MIN_SHARE,
        size: tuple[int, int] = SIZE,
    ) -> None:
        """Remember where to look.

        Args:
            dataset: what was embedded.
            masks: where masks come from; None shows none.
            min_share: a mask covering less than this is the whole image, as for the model.
            size: (height, width) of the pictures.
        """
        self.dataset, self.masks, self.min_share, self.size = dataset, masks, min_share, size
        self.images = {image.path: image for image in dataset.images()}

    def __call__(
        self, features: Features, rows: Sequence[int], *, masks: bool = False
    ) -> list[tuple[Pixels, Mask | None]]:
        """See `Crops`.

        Raises:
            MaskreidError: the features have no paths, or not this dataset's; an image or mask cannot be read.
        """
        wanted = [self._image(features, row) for row in rows]
        native = [read_image(self.dataset.source, image.path) for image in wanted]
        source = self.masks if masks else None
        shaped = shape_images(
            self.dataset.source, wanted, native, size=self.size, masks=source, min_share=self.min_share
        )
        shapes = [each.astype(np.bool_) if source else None for each in shaped.masks]
        return list(zip(shaped.pixels, shapes, strict=True))

    def _image(self, features: Features, row: int) -> PersonImage:
        where = Path(self.dataset.source.name).name
        if not features.paths:
            raise MaskreidError(f"{where}: the features do not say of which images they are (no paths)")
        path = features.paths[row]
        if path not in self.images:
            raise MaskreidError(f"{where}: has no image {path}; give the data that the features were made of")
        return self.images[path]
