"""The gallery itself: by camera and time, its coverage, near duplicates, poor masks."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from maskreid.errors import MaskreidError
from maskreid.gallery import Entry, Overview, browse, duplicates
from maskreid.gallery.filters import FEW, MUCH
from maskreid.gallery.listing import ALIKE
from maskreid.web.desk import ServedDesk
from maskreid.web.fields import camera_counts, has_dates, tag_counts, time_fields
from maskreid.web.judge_api import BrowseRequest, DuplicatesRequest
from maskreid.web.render import write

router = APIRouter(include_in_schema=False)


@router.get("/browse")
def browse_page(request: Request, desk: ServedDesk, asked: Annotated[BrowseRequest, Query()]) -> Response:
    """Show a page of entries; the last one, where the one that was asked for has been removed."""
    seen = desk.overview()
    found = browse(desk.gallery, asked.where, order=asked.order, offset=asked.offset, limit=asked.top)
    if asked.offset >= found.total > 0:
        return RedirectResponse(address(asked, offset=(found.total - 1) // asked.top * asked.top), 303)
    before = address(asked, offset=max(0, asked.offset - asked.top)) if asked.offset else ""
    after = address(asked, offset=asked.offset + asked.top) if asked.offset + asked.top < found.total else ""
    return write(
        request,
        "browse.html",
        asked=asked,
        seen=seen,
        dates=has_dates(seen),
        cameras=camera_counts(asked, seen),
        times=time_fields(asked, seen),
        tags=tag_counts(asked, seen),
        found=found,
        before=before,
        after=after,
        masks=masks_of(seen),
        few=FEW,
        much=MUCH,
    )


@router.get("/duplicates")
def duplicates_page(request: Request, desk: ServedDesk, asked: Annotated[DuplicatesRequest, Query()]) -> Response:
    """Show pairs of entries that are nearly the same, or why there is no answer and which cameras may have one."""
    pairs: list[tuple[float, Entry, Entry]] = []
    problem, status = "", 200
    try:
        pairs = duplicates(desk.gallery, asked.where, most=asked.top)
    except MaskreidError as error:
        problem, status = str(error), 400
    return write(
        request,
        "duplicates.html",
        status=status,
        asked=asked,
        seen=desk.overview(),
        least=ALIKE,
        pairs=pairs,
        problem=problem,
    )


def address(asked: BrowseRequest, **changed: object) -> str:
    """Return the page's address of this listing, or of one that is a little different."""
    return "/browse" + asked.parameters(**changed)


def masks_of(seen: Overview) -> list[tuple[str, int]]:
    """Return how many masks cover how much, in words."""
    return [(f"{10 * tenth} to {10 * tenth + 10} %", count) for tenth, count in enumerate(seen.coverage)]
