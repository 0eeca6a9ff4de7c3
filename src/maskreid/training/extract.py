"""Images and masks in, features out: where a model meets a dataset."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

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
    return Features.normalised(
        embed_packed(model, packed, precision=precision, progress=progress),
        packed.identities,
        packed.cameras,
        paths=packed.paths,
        model=model.fingerprint,
    )


def embed_packed(
    model: Model,
    packed: PackedImages,
    *,
    precision: str = "float32",
    unit: bool = True,
    progress: Progress = silent,
) -> NDArray[np.float32]:
    """Return every packed image's feature, (N, D) float32; arguments as for `extract_features` and `Model.embed`."""
    total = len(packed.paths)
    counted = progress(range(total), total=total, what="embedding", unit="image")
    vectors = [np.empty((0, model.dimension), np.float32)]
    for rows in chunks(counted, CHUNK):
        part = slice(rows[0], rows[-1] + 1)
        vectors.append(model.embed(packed.pixels[part], packed.masks[part], precision=precision, unit=unit))
    return np.concatenate(vectors)
