"""One entry: its picture, and what is known of it."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from maskreid.web.api import EntryId
from maskreid.web.desk import ServedDesk
from maskreid.web.render import write

SECONDS = 3600  # that a browser may keep a picture: a removed entry is gone from it after that
# An id is the hash of the image, so a picture never changes; it can only be removed.
KEEP = {"cache-control": f"private, max-age={SECONDS}"}

router = APIRouter(include_in_schema=False)


@router.get("/entries/{id}")
def entry_page(request: Request, desk: ServedDesk, id: EntryId) -> Response:
    """Show an entry."""
    return write(request, "entry.html", entry=desk.entry(id))


@router.get("/pictures/{id}")
def picture(desk: ServedDesk, id: EntryId) -> Response:
    """Show an entry's picture, or a drawn one where there is none."""
    found = desk.picture(id)
    if found is None:
        return RedirectResponse("/static/nobody.svg", 303)
    return Response(found, media_type="image/jpeg", headers=KEEP)
