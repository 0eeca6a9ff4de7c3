"""Templates filled in, escaped."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from maskreid import __version__
from maskreid.gallery.schema import FIRST_DATE, date_text
from maskreid.web.desk import Desk


@cache
def environment() -> Environment:
    """Return the templates; everything that goes into one is escaped."""
    made = Environment(
        loader=PackageLoader("maskreid.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"when": when, "camera": camera, "percent": percent}
    return made


def write(
    request: Request, template: str, *, status: int = 200, headers: Mapping[str, str] | None = None, **values: Any
) -> HTMLResponse:
    """Answer with a page."""
    desk: Desk | None = getattr(request.scope.get("app"), "state", None) and request.scope["app"].state.desk
    common = {
        "gallery": desk.gallery.path.rstrip("/").rpartition("/")[2] if desk else "",
        "here": request.url.path,
        "version": __version__,
    }
    return HTMLResponse(environment().get_template(template).render(common | values), status, headers)


def wants_page(request: Request) -> bool:
    """Whether a person looks at the answer, not a program."""
    return not request.url.path.startswith("/api/") and "text/html" in request.headers.get("accept", "")


def when(time: float | None) -> str:
    """Return a time as people read it: a date in UTC, a frame number, or "no time"."""
    if time is None:
        return "no time"
    if time < FIRST_DATE:
        return f"frame {time:,.0f}" if time == int(time) else f"{time:,.1f}"
    return date_text(time) or f"{time:.15g}"


def camera(number: int) -> str:
    """Return a camera's name."""
    return "unknown camera" if number < 0 else f"camera {number}"


def percent(share: float) -> str:
    """Return a share in percent; never a certainty that it is not."""
    rounded = round(100 * share)
    if rounded == 100 and share < 1:
        return "> 99 %"
    return "< 1 %" if rounded == 0 and share > 0 else f"{rounded} %"
