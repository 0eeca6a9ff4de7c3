"""What every page works at: one open gallery, its model, and the queries of now."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from typing import Annotated

from fastapi import Depends, Request

from maskreid.errors import MaskreidError
from maskreid.gallery import Asker, Entry, Filter, Gallery, Overview, overview, picture_of
from maskreid.gallery.errors import telling
from maskreid.gallery.schema import ID_DIGITS
from maskreid.images import Source
from maskreid.web.errors import NotThereError
from maskreid.web.queries import Queries
from maskreid.web.runs import Runs


class Desk:
    """A gallery that is being served.

    Attributes:
        gallery: open; other processes' writes are seen.
        asker: its model and masks.
        queries: images that were sent.
        sources: where the images of entries may still be.
        runs: tests to look at.
    """

    def __init__(
        self,
        gallery: Gallery,
        asker: Asker | None = None,
        sources: Sequence[Source] = (),
        runs: Runs | None = None,
    ) -> None:
        self.gallery, self.sources = gallery, tuple(sources)
        self.runs = runs or Runs()
        self.asker = asker or Asker(gallery)
        self.queries = Queries(self.asker)
        self._overview: tuple[int, Overview] | None = None
        self._lock = Lock()

    def overview(self) -> Overview:
        """Return what the gallery holds, counted anew after each change to it."""
        with telling(self.gallery.path):
            version = int(self.gallery.table.version)
        with self._lock:
            if self._overview is None or self._overview[0] != version:
                self._overview = version, overview(self.gallery)
            return self._overview[1]

    def whole_ids(self, ids: Sequence[str]) -> list[str]:
        """Return entries' ids as they were given.

        Raises:
            NotThereError: one is no entry's whole id; or it is, and the entry is gone.
        """
        missing = [id_ for id_ in ids if len(id_) != ID_DIGITS]
        there = set() if missing else self.gallery.present(ids)
        missing = missing or [id_ for id_ in ids if id_ not in there]
        if missing:
            raise NotThereError(f"there is no entry {missing[0]}; it may have been removed")
        return list(ids)

    def entry(self, id_: str) -> Entry:
        """Return an entry by its whole id.

        Raises:
            NotThereError: there is none.
        """
        found = self.gallery.entries(Filter(ids=(id_,)))
        if not found:
            raise NotThereError(f"there is no entry {id_}; it may have been removed")
        return found[0]

    def picture(self, id_: str) -> bytes | None:
        """Return an entry's picture as JPEG, if there is one.

        Raises:
            NotThereError: there is no such entry.
        """
        try:
            return picture_of(self.gallery, id_, self.sources)
        except MaskreidError:
            self.whole_ids([id_])  # is it not there, or is something else wrong?
            raise


def desk_of(request: Request) -> Desk:
    """Return the desk of the server that answers ``request``.

    Raises:
        MaskreidError: another gallery has taken the place of the one that is served.
    """
    desk: Desk = request.app.state.desk
    desk.gallery.check_current()
    return desk


ServedDesk = Annotated[Desk, Depends(desk_of)]
