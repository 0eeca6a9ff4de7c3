"""The fully convolutional network that finds the person in a crop."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

CHANNELS = (32, 64, 128, 208)  # of the four levels
ROWS = 128  # of the crops that the shipped weights learned from
STRIDE = 16  # of the deepest level: inputs are padded to a multiple of it and the answer is cropped back
# RGB mean and scale of the input, in the 0-255 range of the pixels; they belong to the weights.
MEAN = (105.0, 100.0, 98.0)
SCALE = 60.0


def _conv(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)
    )


class PersonSegmenter(nn.Module):
    """An encoder to 1/16 and a decoder that adds each encoder level back in, as FCN-8s does (Long et al., CVPR 2015).

    Trained from scratch for small person crops: narrow enough to cost a fraction of the retrieval network, and
    with a last layer that sees the input's own pixels, because at 64 x 128 the outline is most of the answer.

    Attributes:
        rows: int64 scalar, height of the crops that it learned from. It knows people of about that height, at which
            `maskreid.masks.segment` shows it every image.
    """

    rows: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("rows", torch.tensor(ROWS))
        a, b, c, d = CHANNELS
        self.down1 = nn.Sequential(_conv(3, a, 2), _conv(a, a))
        self.down2 = nn.Sequential(_conv(a, b, 2), _conv(b, b))
        self.down3 = nn.Sequential(_conv(b, c, 2), _conv(c, c), _conv(c, c))
        self.down4 = nn.Sequential(_conv(c, d, 2), _conv(d, d), _conv(d, d))
        self.side3, self.side2, self.side1 = nn.Conv2d(d, c, 1), nn.Conv2d(c, b, 1), nn.Conv2d(b, a, 1)
        self.up3, self.up2, self.up1 = _conv(c, c), _conv(b, b), _conv(a, a)
        self.edge = nn.Sequential(_conv(a + 3, 12), nn.Conv2d(12, 1, 3, padding=1))

    def forward(self, pixels: Tensor) -> Tensor:
        """Score every pixel.

        Args:
            pixels: (N, 3, H, W) float, RGB in 0..255, any H and W.

        Returns:
            (N, H, W) float logits; above 0 is person.
        """
        height, width = pixels.shape[-2:]
        image = (pixels - pixels.new_tensor(MEAN).view(1, 3, 1, 1)) / SCALE
        image = F.pad(image, (0, -width % STRIDE, 0, -height % STRIDE), mode="replicate")
        level1 = self.down1(image)
        level2 = self.down2(level1)
        level3 = self.down3(level2)
        x = self.down4(level3)
        x = self.up3(_double(self.side3(x)) + level3)
        x = self.up2(_double(self.side2(x)) + level2)
        x = self.up1(_double(self.side1(x)) + level1)
        logits: Tensor = self.edge(torch.cat((_double(x), image), 1))[:, 0]
        return logits[:, :height, :width]


def _double(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
