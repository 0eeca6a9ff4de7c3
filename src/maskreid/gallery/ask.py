"""Query images as a gallery sees images: the same masks, the same network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from maskreid.gallery.gallery import Gallery
from maskreid.gallery.nearest import Vectors
from maskreid.images import Dataset, read_image
from maskreid.images.parts import in_parts
from maskreid.progress import Progress, silent

if TYPE_CHECKING:
    from maskreid.network import Model


def ask(
    gallery: Gallery,
    dataset: Dataset,
    *,
    model: Model | None = None,
    precision: str = "float32",
    progress: Progress = silent,
) -> tuple[tuple[str, ...], Vectors]:
    """Embed all images of a dataset as queries.

    Where the gallery's masks are files, and none is of a query, or they are no longer there, it gets the shipped
    segmenter's.

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
    from maskreid.masks.named import still_there

    model = gallery.own(model) if model else gallery.model()
    masks = gallery.settings.masks if still_there(gallery.settings.masks) else "fcn"
    own = Embedder(model, masks=masks, backend="torch", precision=precision)
    images = dataset.images()
    vectors = np.empty((len(images), model.dimension), np.float32)
    known = np.array([own.knows(image) for image in images], bool)
    shipped = own if known.all() else Embedder(model, masks="fcn", backend="torch", precision=precision)
    counted = progress(range(len(images)), total=len(images), what="embedding", unit="image")
    read = ((row, read_image(dataset.source, images[row].path)) for row in counted)
    for part in in_parts(read, lambda each: each[1]):
        for embedder, those in ((own, known), (shipped, ~known)):
            rows = [row for row, _ in part if those[row]]
            native = [picture for row, picture in part if those[row]]
            if rows:
                vectors[rows] = embedder(dataset.source, [images[row] for row in rows], native)[0]
    return tuple(image.path for image in images), vectors
