"""Masks and features of images, by one model on one backend."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from maskreid.embedding.backends import BACKENDS, Run, choose
from maskreid.embedding.graphs import FeatureGraph, MaskGraph
from maskreid.images import MaskSource, PersonImage, ShapedImages, Source, shape_images
from maskreid.masks import DatasetMasks, FcnMasks, FolderMasks, at_rows, mask_source
from maskreid.network import Model

BATCH = 64  # images that pass through the network together


class Embedder:
    """Makes features as `Model.embed` does, only faster; they are the same model's, up to rounding.

    With backend "torch" in "float32", masks are those of `FcnMasks`, to the pixel. Other backends and bfloat16 move
    a few pixels at the outline.

    Attributes:
        backend: "torch", "onnx" or "openvino".
        precision: "float32" or "bfloat16".
    """

    def __init__(
        self,
        model: Model,
        *,
        masks: str | None = None,
        backend: str | None = None,
        precision: str | None = None,
        images: int | None = None,
    ) -> None:
        """Prepare a backend, which may take some seconds.

        Args:
            model: from `maskreid.network.load_model`; the torch backend computes on its device.
            masks: where masks come from, if not from where the model's card says.
            backend: the default is the fastest that is installed.
            precision: the default is "bfloat16" where the processor has it and the backend uses it.
            images: how many there will be, where that is known: few are not worth what the fastest takes to start.

        Raises:
            MaskreidError: the backend is unknown or not installed, or does not go with the precision or the device.
        """
        self.model = model
        self.backend, self.precision = choose(backend, precision, model.device, images)
        self._features = self._compiled(FeatureGraph(model))
        self._masks: MaskSource | None = mask_source(model.masks_from(masks))
        if isinstance(self._masks, FcnMasks) and (self.backend, self.precision) != ("torch", "float32"):
            segmenter = self._masks.segmenter
            name = f"{self._masks.name}-{self.backend}-{self.precision}"
            self._masks = _GraphMasks(name, self._compiled(MaskGraph(segmenter)), int(segmenter.rows))

    def __call__(
        self, source: Source, images: Sequence[PersonImage], native: Sequence[npt.NDArray[np.uint8]]
    ) -> tuple[npt.NDArray[np.float32], ShapedImages]:
        """Mask, resize and embed some images.

        Args:
            source: where they came from.
            images: their records.
            native: (H, W, 3) uint8 RGB each, of any size.

        Returns:
            (N, D) float32 unit rows; and the images as the network saw them, with masks and coverage.

        Raises:
            MaskreidError: a mask is missing, or has another size than its image.
        """
        shaped = shape_images(
            source,
            images,
            native,
            size=self.model.resize,
            masks=self._masks,
            min_share=self.model.min_share,
        )
        vectors = np.empty((len(images), self.model.dimension), np.float32)
        for start in range(0, len(images), BATCH):
            rows = slice(start, start + BATCH)
            vectors[rows] = self._features(shaped.pixels[rows], shaped.masks[rows])
        return vectors, shaped

    def knows(self, image: PersonImage) -> bool:
        """Whether there is a mask for an image: files of masks may be of others."""
        return not isinstance(self._masks, DatasetMasks | FolderMasks) or self._masks.has(image)

    @property
    def masks(self) -> str:
        """What the masks are called in fingerprints; "none" without."""
        return self._masks.name if self._masks else "none"

    def __str__(self) -> str:
        return f"{self.backend}, {self.precision}"

    def _compiled(self, graph: FeatureGraph | MaskGraph) -> Run:
        return BACKENDS[self.backend](graph, self.precision, self.model.device)


class _GraphMasks:
    """A segmenter on a backend: a `maskreid.images.MaskSource`."""

    def __init__(self, name: str, run: Run, rows: int) -> None:
        self.name, self._run, self._rows = name, run, rows

    def __call__(
        self, source: Source, images: Sequence[PersonImage], pixels: Sequence[npt.NDArray[np.uint8]]
    ) -> list[npt.NDArray[np.bool_]]:
        """Return one (H, W) mask for each (H, W, 3) image."""
        return at_rows(self._run, pixels, self._rows)
