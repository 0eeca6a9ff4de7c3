"""MaskReID: image and masked image in, one feature out (Qi et al., arXiv 1804.03864, Fig. 3)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from maskreid.errors import MaskreidError
from maskreid.network.config import NetworkConfig
from maskreid.network.inception import InceptionA, InceptionB, conv_bn_relu
from maskreid.network.initialise import initialise


class MaskReID(nn.Module):
    """Separate first layers for each stream, three shared levels, and a skipped fusion of all three.

    With the default configuration and a 144 x 56 input, the levels are 384 x 36 x 14, 768 x 18 x 7 and
    1536 x 9 x 4, and there are 7,076,608 parameters.
    """

    def __init__(self, config: NetworkConfig | None = None, generator: torch.Generator | None = None) -> None:
        """Build the network and initialise it as published; ``generator`` makes that repeatable."""
        super().__init__()
        self.config = config = config or NetworkConfig()
        stem = config.channels(32)
        self.streams = nn.ModuleList(
            nn.Sequential(conv_bn_relu(3, stem, 3), conv_bn_relu(stem, stem, 3), conv_bn_relu(stem, stem, 3))
            for _ in range(config.streams)
        )
        self.levels = nn.ModuleList()
        inputs, outputs = stem * config.streams, []
        strides = (2, 2, config.last_stride)
        for branch, stride, padding in zip((64, 128, 256), strides, _pool_paddings(config, strides), strict=True):
            a = InceptionA(inputs, config.channels(branch))
            b = InceptionB(a.out_channels, config.channels(branch), padding, stride)
            self.levels.append(nn.Sequential(a, b))
            inputs = b.out_channels
            outputs.append(inputs)
        fused = [] if config.fusion == "none" else outputs[:-1]
        self.skips = nn.ModuleList(_skip(config, level, outputs[-1]) for level in fused)
        self.fc7 = nn.Linear(_fused_channels(config, outputs), config.dimension)
        self.fc7_bn = nn.BatchNorm1d(config.dimension)
        initialise(self, generator)
        if config.neck == "bn":
            self.fc7_bn.bias.requires_grad_(False)

    def level_maps(self, image: Tensor, masked: Tensor | None = None) -> list[Tensor]:
        """Return the three levels, (N, C, H, W) each; arguments and errors as for `forward`."""
        inputs = self._inputs(image, masked)
        stems = [stream(x) for stream, x in zip(self.streams, inputs, strict=True)]
        x = F.max_pool2d(torch.cat(stems, 1), 2, ceil_mode=True)
        maps = []
        for level in self.levels:
            x = level(x)
            maps.append(x)
        return maps

    def forward(self, image: Tensor, masked: Tensor | None = None) -> Tensor:
        """Embed a batch.

        Args:
            image: (N, 3, H, W) float, from `prepare_input`; (H, W) is the configuration's ``input_size``.
            masked: the same with the background filled; not read by a network of one stream.

        Returns:
            (N, dimension) float: after fc7's batch normalisation, before any ReLU, not normalised to unit length.

        Raises:
            MaskreidError: an input has another shape, or the masked image of a network of two streams is missing.
        """
        return self.around_neck(image, masked)[1]

    def around_neck(self, image: Tensor, masked: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return what enters and what leaves fc7's batch normalisation, (N, dimension) each.

        The second is `forward`'s; arguments and errors as there. With ``neck="bn"``, metric losses compare the first.
        """
        *skipped, last = self.level_maps(image, masked)
        # Without fusion there is no skip, and the first two levels end here.
        maps = [*(skip(level) for skip, level in zip(self.skips, skipped, strict=False)), last]
        pool = average_over_places if self.config.pooling == "average" else generalised_mean_over_places
        parts = [torch.cat([pool(each) for each in maps], 1)]
        if self.config.bands:
            for band in zip(*(each.tensor_split(self.config.bands, 2) for each in maps), strict=True):
                parts.append(torch.cat([pool(each) for each in band], 1))
        size = self.config.dimension // len(parts)
        before = []
        for start, pooled in zip(range(0, self.config.dimension, size), parts, strict=True):
            own = slice(start, start + size)
            before.append(F.linear(pooled, self.fc7.weight[own], self.fc7.bias[own]))
        joined = torch.cat(before, 1)
        return joined, self.fc7_bn(joined)

    def _inputs(self, image: Tensor, masked: Tensor | None) -> list[Tensor]:
        if self.config.streams == 1:
            inputs = [image]
        elif masked is None:
            raise MaskreidError("a network of two streams reads the masked image too; prepare_input makes both")
        else:
            inputs = [image, masked]
        # The pools' padding was chosen for this size (see _pool_paddings): at another, branches may not meet.
        if any(x.shape[1:] != (3, *self.config.input_size) for x in inputs):
            raise MaskreidError(
                f"this network reads (N, 3, {self.config.input_size[0]}, {self.config.input_size[1]}), got "
                + " and ".join(str(tuple(x.shape)) for x in inputs)
            )
        return inputs


def average_over_places(level: Tensor) -> Tensor:
    """(N, C, H, W) -> (N, C), with a gradient whose layout in memory is the input's.

    That of ``mean((2, 3))`` is never channels-last, and every layer before it pays: an eighth of a training step on a
    CPU.
    """
    if level.is_contiguous(memory_format=torch.channels_last):
        return level.permute(0, 2, 3, 1).flatten(1, 2).mean(1)
    return level.mean((2, 3))


def generalised_mean_over_places(level: Tensor) -> Tensor:
    """(N, C, H, W), nowhere negative -> (N, C): the third root of the mean of the third powers, computed in float32.

    Radenovic et al., "Fine-tuning CNN Image Retrieval with No Human Annotation", PAMI 2019, Eq. 3.
    """
    powers = average_over_places(level.float() ** 3)
    return powers.clamp(min=1e-12).pow(1 / 3).to(level.dtype)  # a root has no gradient at 0


class Classifier(nn.Module):
    """Feature to identity scores, for the softmax loss: ReLU, dropout, fc8 as DGD has them.

    Behind a BNNeck, ``bias=False``: the features are centred, and so are the planes that part them. Where a feature
    has ``parts``, each is classified by itself, with its own share of the weights.
    """

    def __init__(
        self,
        dimension: int,
        identities: int,
        *,
        dropout: float = 0.5,
        relu: bool = True,
        bias: bool = True,
        parts: int = 1,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        self.activation = nn.ReLU() if relu else nn.Identity()
        self.dropout = nn.Dropout(dropout)
        self.parts = parts
        self.fc8 = nn.Linear(dimension, identities, bias=bias)
        nn.init.normal_(self.fc8.weight, std=0.001, generator=generator)
        if bias:
            nn.init.zeros_(self.fc8.bias)

    def forward(self, features: Tensor) -> Tensor:
        """(N, dimension) -> (N, parts, identities) logits."""
        parts = self.dropout(self.activation(features)).chunk(self.parts, 1)
        weights = self.fc8.weight.chunk(self.parts, 1)
        return torch.stack([F.linear(x, own, self.fc8.bias) for x, own in zip(parts, weights, strict=True)], 1)


def _pool_paddings(config: NetworkConfig, strides: Sequence[int]) -> list[tuple[int, int]]:
    """Pad each level's max pool so that its size meets the convolutions': (0, 1) for the paper's 18 x 7 map.

    A 3/2 convolution with padding 1 gives ceil(n / 2); Caffe's pool without padding gives that for an even n and one
    less for an odd n. Without a stride, both keep n.
    """
    height, width = (-(-n // 2) for n in config.input_size)
    paddings = []
    for stride in strides:
        paddings.append((1, 1) if stride == 1 else (height % 2, width % 2))
        height, width = -(-height // 2), -(-width // 2)
    return paddings


def _skip(config: NetworkConfig, channels: int, last: int) -> nn.Module:
    if config.fusion == "conv1x1":
        return conv_bn_relu(channels, last, 1)
    if config.fusion == "conv3x3":
        return conv_bn_relu(channels, config.channels(256), 3, 2)
    return nn.Identity()


def _fused_channels(config: NetworkConfig, levels: list[int]) -> int:
    low, middle, last = levels
    if config.fusion == "gap":
        return low + middle + last
    if config.fusion == "conv1x1":
        return 3 * last
    if config.fusion == "conv3x3":
        return 2 * config.channels(256) + last
    return last
