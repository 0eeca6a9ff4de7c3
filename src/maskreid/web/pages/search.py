"""The first page: whom to look for, which entries may answer, and a wall of answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated
from urllib.parse import parse_qsl, urlsplit

from fastapi import APIRouter, Query, Request, UploadFile
from starlette.responses import RedirectResponse, Response

from maskreid import gallery
from maskreid.errors import MaskreidError
from maskreid.gallery import Hit
from maskreid.gallery.groups import by_camera, by_time
from maskreid.gallery.verdict import UNKNOWN_BELOW
from maskreid.web import api
from maskreid.web.asking import MOST, Answer, SearchRequest, answer
from maskreid.web.desk import Desk, ServedDesk
from maskreid.web.errors import WebError
from maskreid.web.fields import camera_counts, has_dates, tag_counts, time_fields
from maskreid.web.render import camera, when, write
from maskreid.web.schemas import QueryOut

router = APIRouter(include_in_schema=False)

TOPS = (20, 60, 240, 1000, MOST)  # answers that the page offers


class PageRequest(SearchRequest):
    """A search, and what a button of the page changes in it."""

    drop: str = ""


@router.get("/")
def search_page(request: Request, desk: ServedDesk, asked: Annotated[PageRequest, Query()]) -> Response:
    """Show the page, with answers where there is somebody to look for."""
    said = request.query_params.multi_items()
    asked = settled(asked, said).model_copy(update={"drop": ""})
    address = asked.address()
    if "hx-request" not in request.headers and len(said) > len(parse_qsl(address[2:])):
        return RedirectResponse(address, 303)  # one search has one address
    found: Answer | None = None
    problem, status = "", 200
    try:
        found = answer(desk, asked) if asked.asks else None
    except MaskreidError as error:
        problem, status = str(error), error.status if isinstance(error, WebError) else 400
    seen = desk.overview()
    before = urlsplit(request.headers.get("hx-current-url", ""))
    again = f"{before.path}?{before.query}" == address  # the same search, as after a judgement: no step to go back
    return write(
        request,
        "search.html",
        status=status,
        headers={"HX-Replace-Url" if again else "HX-Push-Url": address},
        asked=asked,
        seen=seen,
        dates=has_dates(seen),
        cameras=camera_counts(asked, seen),
        times=time_fields(asked, seen),
        tags=tag_counts(asked, seen),
        query=kept(desk, asked.q),
        masked=desk.asker.masked,
        found=found,
        verdict=verdict(found) if found else None,
        groups=grouped(found.hits, asked.group) if found else [],
        problem=problem,
        unknown_below=UNKNOWN_BELOW,
        tops=TOPS,
        more=asked.address(top=min(MOST, asked.top * 4)) if found and asked.top < MOST else "",
    )


@router.post("/queries")
def send(desk: ServedDesk, images: list[UploadFile]) -> Response:
    """Take images from a form and go to their answers."""
    return RedirectResponse(f"/?q={api.send_query(desk, images).id}", 303)


def settled(asked: PageRequest, said: Sequence[tuple[str, str]]) -> PageRequest:
    """Return the search after its button: an entry is alike or not, as was said last, and once.

    Args:
        asked: the search.
        said: its parameters in the order of the address; the button's is the last of its entry.
    """
    marks = {id_: name for name, id_ in said if name in ("like", "unlike") and id_ != asked.drop}
    like, unlike = ([id_ for id_, mark in marks.items() if mark == name] for name in ("like", "unlike"))
    return asked.model_copy(update={"like": like, "unlike": unlike, "tag": [tag for tag in asked.tag if tag]})


def kept(desk: Desk, id_: str) -> QueryOut | None:
    """Return the query's images, if they are still kept."""
    try:
        return api.show_query(desk, id_) if id_ else None
    except WebError:
        return None


def verdict(found: Answer) -> tuple[str, str]:
    """Return what can be said of the best answer: a kind for its colour, and a sentence's parts."""
    if found.best is None:
        return "none", ""
    return gallery.verdict(found.best), found.best.entry.identity or ""


def grouped(hits: Sequence[Hit], group: str) -> list[tuple[str, list[Hit]]]:
    """Return the answers under headings; one without a name where nothing is asked for."""
    if group == "camera":
        return [(camera(number), each) for number, each in by_camera(hits).items()]
    if group == "time":
        return [(_period(period), each) for period, each in by_time(hits).items()]
    return [("", list(hits))] if hits else []


def _period(period: tuple[float, float] | None) -> str:
    return "no time" if period is None else f"{when(period[0])} to {when(period[1])}"
