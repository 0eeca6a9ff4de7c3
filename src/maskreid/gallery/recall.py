"""What a faster search misses, measured before it is used."""

from __future__ import annotations

import numpy as np

from maskreid.errors import MaskreidError, check_count
from maskreid.gallery.errors import VanishedError, once_more
from maskreid.gallery.filters import Filter
from maskreid.gallery.gallery import Gallery
from maskreid.gallery.nearest import Nearest, features_of, nearest

QUERIES = 100


@once_more
def recall(
    gallery: Gallery,
    probes: int,
    *,
    top: int = 10,
    where: Filter | None = None,
    find: Nearest = nearest,
) -> float:
    """Return which share of the exact answers a search with ``probes`` finds, over `QUERIES` entries that are drawn.

    An entry is its own nearest, which every search finds; it does not count.

    Raises:
        MaskreidError: fewer than two entries match ``where``, or ``probes`` or ``top`` is less than 1.
    """
    check_count("recall: probes", probes)
    check_count("recall: top", top)
    ids = [id_ for batch in gallery.rows(["id"], where) for id_ in batch["id"].to_pylist()]
    if len(ids) < 2:
        raise MaskreidError(f"{gallery.path}: {len(ids)} entries are too few to measure recall with")
    drawn = [ids[place] for place in np.random.default_rng(0).permutation(len(ids))[:QUERIES]]
    features = features_of(gallery, drawn)
    vectors = np.stack([features[id_] for id_ in drawn])
    exact, fast = (find(gallery, vectors, top + 1, where, probes=each) for each in (None, probes))
    shares = []
    for id_, right, quick in zip(drawn, exact, fast, strict=True):
        wanted = {row["id"] for row in right} - {id_}
        if not wanted:
            raise VanishedError(f"{gallery.path}: entries were removed meanwhile; repeat the command")
        shares.append(len(wanted & {row["id"] for row in quick}) / len(wanted))
    return float(np.mean(shares))
