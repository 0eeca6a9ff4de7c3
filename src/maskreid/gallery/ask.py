"""Query images as a gallery sees images: the same masks, the same network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from maskreid.gallery.gallery import Gallery
from maskreid.gallery.nearest import Vectors
from maskreid.images import Dataset, read_image
from maskreid.progress import Progress, chunks, silent

if TYPE_CHECKING:
    from maskreid.network import Model

CHUNK = 256  # images in memory at once


def ask(
    gallery: Gallery,
    dataset: Dataset,
    *,
    model: Model | None = None,
    precision: str = "float32",
    progress: Progress = silent,
) -> tuple[tuple[str, ...], Vectors]:
    """Embed all images of a dataset as queries.

    Args:
        gallery: to search.
        dataset: from `maskreid.images.open_dataset`, whose ``anything`` takes images without labels.
        model: from ``gallery.model()``, which is the default.
        precision: of the network, "float32" or "bfloat16".
        progress: told about every image.

    Returns:
        The images' paths in the dataset, and (N, D) float32 unit rows.

    Raises:
        MaskreidError: an image cannot be read, or the model is not the gallery's.
    """
    from maskreid.embedding import Embedder

    model = gallery.own(model) if model else gallery.model()
    embedder = Embedder(model, masks=gallery.settings.masks, backend="torch", precision=precision)
    images = dataset.images()
    vectors = [np.empty((0, model.dimension), np.float32)]
    for chunk in chunks(progress(images, total=len(images), what="embedding", unit="image"), CHUNK):
        native = [read_image(dataset.source, image.path) for image in chunk]
        vectors.append(embedder(dataset.source, chunk, native)[0])
    return tuple(image.path for image in images), np.concatenate(vectors)
