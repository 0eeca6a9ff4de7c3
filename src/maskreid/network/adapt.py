"""A network for other cameras, from what it makes of images there that nobody labelled: no gradient, no training."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from itertools import combinations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn.utils.fusion import fuse_linear_bn_eval

from maskreid.errors import MaskreidError
from maskreid.network.maskreid import MaskReID

BETWEEN = 100.0  # how much more what tells cameras apart is pressed down than what tells images of one camera apart
FEWEST_PAIRS = 40  # with fewer, what differs within them is chance

Floats = NDArray[np.float64]


def adapted(network: MaskReID, features: NDArray[np.float32], cameras: NDArray[np.int64]) -> MaskReID:
    """Return a copy whose feature is centred and whitened for the images that ``features`` are of (`whitening`).

    All of it goes into fc7, so the network has the same shapes and speed.

    Args:
        network: trained.
        features: (N, dimension) float32, of N images as ``network`` makes them in evaluation mode, of any length.
        cameras: (N,) int64, which camera saw each.

    Returns:
        A network on the CPU, in evaluation mode.

    Raises:
        MaskreidError: a part of the feature is the same of all images.
    """
    centre, matrix = whitening(features, cameras, network.config.parts)
    network = copy.deepcopy(network).cpu().eval()
    joint = fuse_linear_bn_eval(network.fc7, network.fc7_bn)
    weight, bias = (each.detach().double().numpy() for each in (joint.weight, joint.bias))
    with torch.no_grad():
        network.fc7.weight.copy_(torch.from_numpy(matrix @ weight))
        network.fc7.bias.copy_(torch.from_numpy(matrix @ (bias - centre)))
        _pass_through(network.fc7_bn)
    return network


def whitening(features: NDArray[np.float32], cameras: NDArray[np.int64], parts: int = 1) -> tuple[Floats, Floats]:
    """Return how to centre and stretch a feature so that it tells people apart, and cameras not.

    Where it was trained, a network's feature varies about as much in every direction. Elsewhere a few directions
    outweigh the rest, and some of these say little but which camera it was. So each direction is divided by how much
    images of one camera vary along it, and more so by how much cameras differ (whitening with shrinkage). That finds
    pairs of images from two cameras which are each other's nearest, many of them of one person; then what they
    differ by takes the place of what all images vary in, since that is what a search should not see.

    Args:
        features: (N, D) of N images, of any length.
        cameras: (N,) which camera saw each.
        parts: of the feature, equally long, each with a whitening of its own.

    Returns:
        The centre (D,), which is the mean of the cameras' means, and a symmetric matrix (D, D), 0 between parts.

    Raises:
        MaskreidError: a part of the feature is the same of all images.
    """
    _, which = np.unique(cameras, return_inverse=True)
    means = np.stack([features[which == camera].mean(0, dtype=np.float64) for camera in range(which.max() + 1)])
    centre = means.mean(0)
    between, within = means[which] - centre, features - means[which]
    outside = between.T @ between / len(between)
    matrix = _matrix(within.T @ within / len(within), outside, len(within), parts)
    count, inside = 0, np.zeros_like(matrix)
    for one, other in _pairs((within + between) @ matrix, which):
        apart = within[one] - within[other]
        count, inside = count + len(one), inside + apart.T @ apart / 2
    if count >= FEWEST_PAIRS and all(np.trace(inside[own, own]) > 0 for own in _parts(len(inside), parts)):
        matrix = _matrix(inside / count, outside, count, parts)
    return centre, matrix


def _parts(dimension: int, parts: int) -> list[slice]:
    size = dimension // parts
    return [slice(start, start + size) for start in range(0, dimension, size)]


def _matrix(inside: Floats, outside: Floats, count: int, parts: int) -> Floats:
    """Return the inverse root of each part's shrunk covariance, as one (D, D).

    Args:
        inside: (D, D) covariance of what a search should not see, of so many as ``count``.
        outside: (D, D) covariance of the cameras' means.
        count: of images or pairs.
        parts: of the feature.
    """
    matrix = np.zeros_like(inside)
    for own in _parts(len(inside), parts):
        size = own.stop - own.start
        mean = np.trace(inside[own, own] + outside[own, own]) / size
        if not mean > 0:
            raise MaskreidError("all images have the same feature, so nobody can tell how others would differ")
        shrinkage = (1 + size / count) * mean * np.eye(size)  # few images say little of many directions
        values, vectors = np.linalg.eigh(inside[own, own] + BETWEEN * outside[own, own] + shrinkage)
        matrix[own, own] = (vectors * (mean / values) ** 0.5) @ vectors.T
    return matrix


def _pairs(features: Floats, cameras: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Yield, for each two cameras, the rows of images that are each other's nearest there, by cosine."""
    unit = (features / np.linalg.norm(features, axis=1, keepdims=True)).astype(np.float32)
    rows = [np.flatnonzero(cameras == camera) for camera in range(cameras.max() + 1)]
    for one, other in combinations(rows, 2):
        similar = unit[one] @ unit[other].T
        there, back = similar.argmax(1), similar.argmax(0)
        mutual = np.flatnonzero(back[there] == np.arange(len(one)))
        yield one[mutual], other[there[mutual]]


def _pass_through(normalisation: nn.BatchNorm1d) -> None:
    """Make an evaluated batch normalisation return what it is given."""
    normalisation.reset_running_stats()
    assert normalisation.running_var is not None
    normalisation.running_var.sub_(normalisation.eps)
    nn.init.ones_(normalisation.weight)
    nn.init.zeros_(normalisation.bias)
