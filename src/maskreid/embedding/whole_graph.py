"""Everything from an image at its own size to its feature, as one graph for other people's programs."""

from __future__ import annotations

import torch
from torch import Tensor

from maskreid.embedding.graphs import FeatureGraph, Graph, MaskGraph
from maskreid.embedding.resizing import resize_bilinear, resize_nearest
from maskreid.masks.named import segmenter_of
from maskreid.masks.scale import PERSON, seen_size
from maskreid.network import Model


class WholeGraph(Graph):
    """Native images to features: mask, whole image where the mask is too small, resize, crop, embed.

    (N, H, W, 3) uint8 RGB of any one size to (N, D) float32 unit rows, (N, H, W) bool masks, and (N,) float32 shares
    of the images that the masks cover. A model whose masks are not the shipped segmenter's reads them as a second
    input, (N, H, W) uint8 at the images' own size, non-zero on the person.
    """

    inputs: tuple[str, ...] = ("pixels",)
    outputs = ("features", "masks", "coverage")
    any_size = True

    def __init__(self, model: Model) -> None:
        super().__init__()
        source = model.masks_from()
        self.features = FeatureGraph(model)
        segmenter = segmenter_of(source)
        self.segmenter = MaskGraph(segmenter) if segmenter is not None else None
        self.rows = int(segmenter.rows) if segmenter is not None else 0
        self.given = segmenter is None and source != "none"
        if self.given:
            self.inputs = ("pixels", "person")
        self.size, self.min_share = model.resize, model.min_share

    def forward(self, pixels: Tensor, person: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """Mask and embed a batch."""
        if person is not None:
            masks = person != 0
        elif self.segmenter is not None:
            masks = self._segmented(self.segmenter, pixels)
        else:
            masks = torch.ones_like(pixels[..., 0], dtype=torch.bool)
        coverage = masks.float().mean((1, 2))
        used = masks | (coverage < self.min_share)[:, None, None]
        resized = resize_bilinear(pixels, self.size), resize_nearest(used, self.size)
        return self.features(*resized), masks, coverage

    def _segmented(self, segmenter: MaskGraph, pixels: Tensor) -> Tensor:
        """Do what `maskreid.masks.at_rows` does."""
        height, width = pixels.shape[1:3]
        seen = resize_bilinear(pixels, seen_size(height, width, self.rows))
        levels = 255 * segmenter(seen)[..., None].to(torch.uint8)
        return resize_bilinear(levels, (height, width))[..., 0] >= PERSON

    def example(self) -> tuple[Tensor, ...]:
        """Return two images, and masks where they are read."""
        pixels = torch.zeros(2, 128, 64, 3, dtype=torch.uint8)
        return (pixels, torch.ones_like(pixels[..., 0])) if self.given else (pixels,)
