"""Images that were sent to be searched for: kept in memory for a while, under names that nobody can guess."""

from __future__ import annotations

import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

import numpy as np

from maskreid.gallery import Asker, pooled
from maskreid.gallery.asker import Mask, Picture
from maskreid.gallery.nearest import Vectors
from maskreid.web.errors import NotThereError, WebError

SECONDS = 12 * 3600.0  # since a query was last used
BYTES = 256 << 20  # of all pictures and masks together
OVERHEAD = 4096  # bytes of an image besides its pixels: a million tiny ones are large too


@dataclass
class Asked:
    """One image of a query.

    Attributes:
        picture: (H, W, 3) uint8 RGB.
        drawn: (H, W) bool, the mask that was made for it.
        mask: (H, W) bool, the one that counts.
        masked: whether a mask counts at all; without, the whole picture does.
        vector: (1, D), of the picture under the mask.
    """

    picture: Picture
    drawn: Mask
    mask: Mask
    masked: bool
    vector: Vectors

    @property
    def size(self) -> int:
        """Bytes in memory, about."""
        return self.picture.nbytes + self.drawn.nbytes + self.mask.nbytes + OVERHEAD


@dataclass
class Query:
    """One person's images."""

    id: str
    images: list[Asked]
    used: float = field(default=0.0)

    @property
    def vector(self) -> Vectors:
        """The query that all images make together, (1, D)."""
        return pooled(np.concatenate([image.vector for image in self.images]))


class Queries:
    """The queries of all visitors; the one unused for longest goes first where memory is full."""

    def __init__(
        self,
        asker: Asker,
        *,
        seconds: float = SECONDS,
        size: int = BYTES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.asker, self.seconds, self.size, self.clock = asker, seconds, size, clock
        self._kept: OrderedDict[str, Query] = OrderedDict()
        self._lock = Lock()

    def add(self, pictures: list[Picture]) -> Query:
        """Mask and embed the pictures of one person and keep them."""
        images = []
        for picture in pictures:
            mask = self.asker.mask(picture)
            masked = self.asker.masked and self.asker.usable(mask)
            images.append(Asked(picture, mask, mask, masked, self._vector(picture, mask, masked)))
        query = Query(secrets.token_urlsafe(18), images)
        with self._lock:
            self._kept[query.id] = query
            self._touch(query)
        return query

    def get(self, id_: str) -> Query:
        """Return a query that is still kept.

        Raises:
            NotThereError: it is not.
        """
        with self._lock:
            self._forget()
            query = self._there(id_)
            self._touch(query)
            return query

    def image(self, id_: str, number: int) -> Asked:
        """Return one image of a query, counted from 0."""
        images = self.get(id_).images
        if not 0 <= number < len(images):
            raise NotThereError(f"this query has {len(images)} images; there is no number {number}")
        return images[number]

    def change(self, id_: str, number: int, *, mask: Mask | None = None, masked: bool = True) -> Asked:
        """Use another mask for one image, or the one that it has, or none.

        Raises:
            NotThereError: the query is no longer kept, or has no such image.
            WebError: the mask would not count.
        """
        image = self.image(id_, number)
        new = image.mask if mask is None else mask
        if masked and not self.asker.masked:
            raise WebError("this gallery's model reads no masks; the whole image counts")
        if masked and not self.asker.usable(new):
            raise WebError(
                f"the mask covers {100 * new.mean():.1f} % of the image, and {100 * self.asker.min_share:g} % are "
                "the least that counts; paint more of the person, or search without a mask"
            )
        changed = Asked(image.picture, image.drawn, new, masked, self._vector(image.picture, new, masked))
        with self._lock:
            self._there(id_).images[number] = changed
        return changed

    def forget(self) -> None:
        """Forget what was not used for too long, though nobody asks."""
        with self._lock:
            self._forget()

    def drop(self, id_: str) -> None:
        """Forget a query now."""
        with self._lock:
            self._kept.pop(id_, None)

    def _there(self, id_: str) -> Query:
        if id_ not in self._kept:
            raise NotThereError("this query is no longer kept; send its image again")
        return self._kept[id_]

    def _vector(self, picture: Picture, mask: Mask, masked: bool) -> Vectors:
        return self.asker.vector(picture, mask if masked else np.ones_like(mask))

    def _touch(self, query: Query) -> None:
        query.used = self.clock()
        self._kept.move_to_end(query.id)
        self._forget()

    def _forget(self) -> None:
        """Drop what was not used for too long, and the oldest while all together are too large; never the last."""
        limit = self.clock() - self.seconds
        total = sum(image.size for query in self._kept.values() for image in query.images)
        while self._kept:
            oldest = next(iter(self._kept.values()))
            if oldest.used >= limit and (total <= self.size or len(self._kept) == 1):
                return
            total -= sum(image.size for image in oldest.images)
            del self._kept[oldest.id]
