"""Images and masks in, features out: where a model meets a dataset."""

from __future__ import annotations

import numpy as np

from maskreid.images import PackedImages
from maskreid.network import Model
from maskreid.progress import Progress, silent
from maskreid.retrieval import Features

CHUNK = 256  # images between two reports of progress; what a chunk needs in memory stays under 100 MB


def extract_features(
    model: Model, packed: PackedImages, *, precision: str = "float32", progress: Progress = silent
) -> Features:
    """Embed every packed image.

    Args:
        model: from `maskreid.network.load_model`.
        packed: images stored at the model's own resize size, with their masks.
        precision: ``"float32"``, or ``"bfloat16"`` for twice the speed and about three digits.
        progress: told about every chunk.

    Returns:
        Features in the order of ``packed``: (N, D) float32 unit rows with identities, cameras and paths.
    """
    starts = range(0, len(packed.paths), CHUNK)
    vectors = [
        model.embed(packed.pixels[start : start + CHUNK], packed.masks[start : start + CHUNK], precision=precision)
        for start in progress(starts, total=len(starts), what="embedding", unit="chunk")
    ]
    return Features.normalised(
        np.concatenate(vectors) if vectors else np.empty((0, model.dimension), np.float32),
        packed.identities,
        packed.cameras,
        paths=packed.paths,
        model=model.fingerprint,
    )
