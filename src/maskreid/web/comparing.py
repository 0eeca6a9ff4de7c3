"""Two pictures compared: how alike, and which regions made them so."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from maskreid.gallery import Entry, features_of, occlusion
from maskreid.gallery.asker import Mask, Picture
from maskreid.gallery.nearest import Vectors
from maskreid.images import decode_image
from maskreid.web.desk import Desk
from maskreid.web.errors import NotThereError, WebError


@dataclass(frozen=True, eq=False)
class Side:
    """One of the two.

    Attributes:
        entry: None of a query.
        place: of an image among its query's, from 0, and how many those are; None of an entry.
    """

    entry: Entry | None
    place: tuple[int, int] | None
    picture: Picture
    mask: Mask
    vector: Vectors


@dataclass(frozen=True, eq=False)
class Compared:
    """What was found.

    Attributes:
        sides: the two.
        seen: cosine of the features of the pictures here.
        stored: cosine of the features as enrolled; None where one is a query.
        maps: of each side, what covering a region loses of ``seen``; see `maskreid.gallery.occlusion`.
    """

    sides: tuple[Side, Side]
    seen: float
    stored: float | None
    maps: tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]


def compared(desk: Desk, b: str, *, a: str | None = None, q: str = "", n: int = 0) -> Compared:
    """Compare entry ``b`` with entry ``a``, or with image ``n`` of query ``q``.

    Raises:
        WebError: neither ``a`` nor ``q`` is given.
        NotThereError: one is not there, or has no picture.
    """
    if a is None and not q:
        raise WebError("compare: name entry b and either entry a or query q")
    one, two = _asked(desk, q, n) if a is None else _enrolled(desk, a), _enrolled(desk, b)
    stored = None
    if a is not None:
        features = features_of(desk.gallery, [a, b])
        stored = float(features[a] @ features[b])
    maps = (
        occlusion(desk.asker, one.picture, one.mask, two.vector),
        occlusion(desk.asker, two.picture, two.mask, one.vector),
    )
    return Compared((one, two), float(one.vector[0] @ two.vector[0]), stored, maps)


def _asked(desk: Desk, q: str, n: int) -> Side:
    image = desk.queries.image(q, n)
    mask = image.mask if image.masked else np.ones_like(image.mask)
    return Side(None, (n, len(desk.queries.get(q).images)), image.picture, mask, image.vector)


def _enrolled(desk: Desk, id_: str) -> Side:
    """Return an entry as its kept picture has it, which is smaller than what was enrolled."""
    content = desk.picture(id_)
    if content is None:
        raise NotThereError(
            f"of entry {id_} no picture was kept, so it cannot be compared; maskreid serve --images DATA finds it"
        )
    picture = decode_image(content, f"the picture of {id_}")
    mask = desk.asker.mask(picture)
    return Side(desk.entry(id_), None, picture, mask, desk.asker.vector(picture, mask))
