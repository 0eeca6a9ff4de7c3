"""The inception blocks of DGD (Xiao et al., CVPR 2016), as its released prototxt has them.

Every convolution has a bias and is followed by batch normalisation and ReLU. Shapes follow Caffe's rounding.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


def conv_bn_relu(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Sequential:
    """Return a padded convolution with bias, batch normalisation and ReLU."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)
    )


class InceptionA(nn.Module):
    """Blocks 1a, 2a, 3a: four branches of ``branch`` channels each at the input's own size."""

    def __init__(self, inputs: int, branch: int) -> None:
        super().__init__()
        self.out_channels = 4 * branch
        self.one = conv_bn_relu(inputs, branch, 1)
        self.three = nn.Sequential(conv_bn_relu(inputs, branch, 1), conv_bn_relu(branch, branch, 3))
        self.five = nn.Sequential(
            conv_bn_relu(inputs, branch, 1), conv_bn_relu(branch, branch, 3), conv_bn_relu(branch, branch, 3)
        )
        # Caffe's AVE pooling divides by the padded window, so the border counts its zeros.
        self.pool = nn.Sequential(nn.AvgPool2d(3, 1, 1, count_include_pad=True), conv_bn_relu(inputs, branch, 1))

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) -> (N, 4 branch, H, W)."""
        return torch.cat((self.one(x), self.three(x), self.five(x), self.pool(x)), 1)


class InceptionB(nn.Module):
    """Blocks 1b, 2b, 3b: two branches with a stride, and the input itself through a max pool."""

    def __init__(self, inputs: int, branch: int, pool_padding: tuple[int, int] = (0, 0), stride: int = 2) -> None:
        super().__init__()
        self.out_channels = 2 * branch + inputs
        self.three = nn.Sequential(conv_bn_relu(inputs, branch, 1), conv_bn_relu(branch, branch, 3, stride))
        self.five = nn.Sequential(
            conv_bn_relu(inputs, branch, 1), conv_bn_relu(branch, branch, 3), conv_bn_relu(branch, branch, 3, stride)
        )
        # Caffe rounds a pool's size up where it rounds a convolution's down: ceil_mode makes the branches meet.
        self.pool = nn.MaxPool2d(3, stride, pool_padding, ceil_mode=True)

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) -> (N, 2 branch + inputs, ceil(H / stride), ceil(W / stride))."""
        return torch.cat((self.three(x), self.five(x), self.pool(x)), 1)
