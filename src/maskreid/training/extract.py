"""Images and masks in, features out: where a model meets a dataset."""

from __future__ import annotations

import numpy as np

from maskreid.images import PackedImages
from maskreid.network import Model
from maskreid.progress import Progress, chunks, silent
from maskreid.retrieval import Features

CHUNK = 256  # images; what they need in memory stays under 100 MB


def extract_features(
    model: Model, packed: PackedImages, *, precision: str = "float32", progress: Progress = silent
) -> Features:
    """Embed every packed image.

    Args:
        model: from `maskreid.network.load_model`.
        packed: images stored at the model's own resize size, with their masks.
        precision: ``"float32"``, or ``"bfloat16"`` for twice the speed and about three digits where the device
            multiplies it itself.
        progress: told about every image.

    Returns:
        Features in the order of ``packed``: (N, D) float32 unit rows with identities, cameras and paths.
    """
    total = len(packed.paths)
    counted = progress(range(total), total=total, what="embedding", unit="image")
    vectors = [
        model.embed(packed.pixels[rows[0] : rows[-1] + 1], packed.masks[rows[0] : rows[-1] + 1], precision=precision)
        for rows in chunks(counted, CHUNK)
    ]
    return Features.normalised(
        np.concatenate(vectors) if vectors else np.empty((0, model.dimension), np.float32),
        packed.identities,
        packed.cameras,
        paths=packed.paths,
        model=model.fingerprint,
    )
