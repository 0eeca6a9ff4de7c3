"""What the models that a network is taught by make of the images it learns from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from maskreid.images import PersonImage, Source
from maskreid.network import Model
from maskreid.progress import Progress, silent
from maskreid.retrieval import join_features
from maskreid.training.extract import extract_features
from maskreid.training.prepare import data_config, prepare


def taught_features(
    teachers: Sequence[Model],
    source: Source,
    images: Sequence[PersonImage],
    *,
    cache: Path | None = None,
    progress: Progress = silent,
) -> NDArray[np.float32]:
    """Embed images as each teacher does, at its own size and with its own masks, and join the features.

    The images are whole and as they are: what a network is shown of them in training may be cut, mirrored, erased or
    spoiled, and it learns to think of that what its teachers think of the whole image.

    Args:
        teachers: at least one, each on the device where it is to compute.
        source: where the images are.
        images: what is learned from.
        cache: where packed images are kept; see `maskreid.training.prepare`.
        progress: told about every stage.

    Returns:
        (N, E) float32 unit rows in the order of ``images``, E the sum of the teachers' dimensions: the cosine of two
        rows is the mean of the teachers' cosines.
    """
    features = []
    for teacher in teachers:
        packed = prepare(source, images, data_config(teacher), cache=cache, progress=progress)
        features.append(extract_features(teacher, packed, precision="bfloat16", progress=progress))
    return join_features(features).vectors
