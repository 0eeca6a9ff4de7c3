"""One entry: its picture, and what is known of it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from maskreid.gallery import Filter
from maskreid.web.api import EntryId
from maskreid.web.desk import Desk, desk_of
from maskreid.web.render import write

SECONDS = 3600  # that a browser may keep a picture: a removed entry is gone from it after that
# An id is the hash of the image, so a picture never changes; it can only be removed.
KEEP = {"cache-control": f"private, max-age={SECONDS}"}

router = APIRouter(include_in_schema=False)
Desk_ = Annotated[Desk, Depends(desk_of)]


@router.get("/entries/{id}")
def entry_page(request: Request, desk: Desk_, id: EntryId) -> Response:
    """Show an entry."""
    desk.whole_ids([id])
    return write(request, "entry.html", entry=desk.gallery.entries(Filter(ids=(id,)))[0])


@router.get("/pictures/{id}")
def picture(desk: Desk_, id: EntryId) -> Response:
    """Show an entry's picture, or a drawn one where there is none."""
    found = desk.picture(id)
    if found is None:
        return RedirectResponse("/static/nobody.svg", 303)
    return Response(found, media_type="image/jpeg", headers=KEEP)
