"""Query and gallery as one set of images, for protocols in which every image searches."""

from __future__ import annotations

import numpy as np

from maskreid.errors import MaskreidError
from maskreid.retrieval.evaluate import check_comparable
from maskreid.retrieval.features import Features


def everyone(query: Features, gallery: Features) -> Features:
    """Return the queries, then the gallery images that are not among them.

    Images are known by their paths. Where paths are missing, none is taken to be in both, and names are made up.

    Raises:
        MaskreidError: the features do not fit each other, or one path names different images.
    """
    check_comparable(query, gallery)
    if query.paths and gallery.paths:
        known = {path: row for row, path in enumerate(query.paths)}
        for row, path in enumerate(gallery.paths):
            own = known.get(path)
            if own is not None and not _same(query, own, gallery, row):
                raise MaskreidError(
                    f"{path} is of identity {query.identities[own]} and camera {query.cameras[own]} in query, of "
                    f"{gallery.identities[row]} and {gallery.cameras[row]} in gallery; expected whole paths, no two "
                    "images of one"
                )
        new = np.array([path not in known for path in gallery.paths], dtype=bool)
        paths = query.paths + tuple(path for path in gallery.paths if path not in known)
    else:
        new = np.ones(len(gallery), dtype=bool)
        paths = tuple(f"query {row}" for row in range(len(query)))
        paths += tuple(f"gallery {row}" for row in range(len(gallery)))
    return Features(
        np.concatenate((query.vectors, gallery.vectors[new])),
        np.concatenate((query.identities, gallery.identities[new])),
        np.concatenate((query.cameras, gallery.cameras[new])),
        paths,
        query.model or gallery.model,
    )


def _same(query: Features, own: int, gallery: Features, row: int) -> bool:
    who = query.identities[own] == gallery.identities[row]
    return bool(who and query.cameras[own] == gallery.cameras[row])
