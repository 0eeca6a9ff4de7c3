"""What a backend computes: the segmenter and the network, each from uint8 images to its answer."""

from __future__ import annotations

from typing import Self

import torch
from torch import Tensor, nn

from maskreid.masks import PersonSegmenter
from maskreid.network import Model, folded, infer, placed


class Graph(nn.Module):
    """A computation with a free batch size, whose batch normalisations are folded away."""

    inputs: tuple[str, ...]  # names, in the order of `forward`
    outputs: tuple[str, ...]
    any_size: bool  # whether height and width of the images are free too
    dtype = torch.float32  # that networks compute in

    def cast(self, dtype: torch.dtype) -> Self:
        """Let the networks compute in another type; answers keep theirs."""
        self.dtype = dtype
        return self.to(dtype)

    def example(self) -> tuple[Tensor, ...]:
        """Return inputs of the right shapes and types."""
        raise NotImplementedError


class MaskGraph(Graph):
    """Images as a segmenter sees them to masks: (N, H, W, 3) uint8 RGB to (N, H, W) bool, true on the person."""

    inputs = ("pixels",)
    outputs = ("person",)
    any_size = True

    def __init__(self, segmenter: PersonSegmenter) -> None:
        super().__init__()
        self.segmenter = placed(folded(segmenter))

    def forward(self, pixels: Tensor) -> Tensor:
        """Segment a batch of one size."""
        scores: Tensor = self.segmenter(pixels.permute(0, 3, 1, 2).to(self.dtype))
        return scores > 0

    def example(self) -> tuple[Tensor, ...]:
        """Return two images."""
        return (torch.zeros(2, 128, 64, 3, dtype=torch.uint8),)


class FeatureGraph(Graph):
    """Resized images and masks to features, as `Model.embed` makes them.

    (N, H, W, 3) uint8 RGB and (N, H, W) uint8, both at the model's resize size, to (N, D) float32 unit rows.
    """

    inputs = ("pixels", "masks")
    outputs = ("features",)
    any_size = False

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.network = placed(folded(model.network))
        self.resize, self.flip = model.resize, model.flip

    def forward(self, pixels: Tensor, masks: Tensor) -> Tensor:
        """Embed a batch."""
        return infer(self.network, pixels, masks, flip=self.flip, dtype=self.dtype)

    def example(self) -> tuple[Tensor, ...]:
        """Return two images and masks."""
        pixels = torch.zeros(2, *self.resize, 3, dtype=torch.uint8)
        return pixels, torch.ones_like(pixels[..., 0])
