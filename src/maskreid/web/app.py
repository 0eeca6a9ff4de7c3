"""The application: its rooms wired together, its errors as pages and as JSON."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartParser
from starlette.responses import JSONResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from maskreid import __version__
from maskreid.errors import MaskreidError
from maskreid.gallery.errors import BusyError
from maskreid.web import api, judge_api
from maskreid.web.desk import Desk
from maskreid.web.errors import WebError
from maskreid.web.pages import browse, compare, entry, evaluate, judgements, search
from maskreid.web.render import wants_page, write
from maskreid.web.security import HEADERS, Access, Guard

MINUTE = 60.0  # seconds
REFUSED = (401, 403, 421)


def make_app(desk: Desk, access: Access | None = None) -> FastAPI:
    """Return the ASGI application that serves a desk.

    Args:
        desk: a gallery and its model.
        access: who may ask; this machine only, by default.
    """
    access = access or Access()
    MultiPartParser.spool_max_size = access.largest  # what is sent stays in memory, and never becomes a file
    app = FastAPI(
        title="maskreid",
        version=__version__,
        summary="Search enrolled people by image.",
        openapi_url="/api/openapi.json",
        docs_url=None,  # its page asks another server for its scripts
        redoc_url=None,
        lifespan=_forgetting,
    )
    app.state.desk = desk
    for each in (api, judge_api, search, entry, browse, judgements, compare, evaluate):
        app.include_router(each.router)
    app.mount("/static", StaticFiles(directory=Path(__file__).parent / "static"), name="static")
    app.add_exception_handler(MaskreidError, _problem)
    app.add_exception_handler(HTTPException, _problem)
    app.add_exception_handler(RequestValidationError, _problem)
    app.add_exception_handler(Exception, _mistake)
    app.add_middleware(Guard, access=access, refuse=_refuse)
    return app


@asynccontextmanager
async def _forgetting(app: FastAPI) -> AsyncIterator[None]:
    """Let uploaded images go when their time is over, not when somebody asks next."""

    async def watch() -> None:
        while True:
            await asyncio.sleep(MINUTE)
            app.state.desk.queries.forget()

    task = asyncio.create_task(watch())
    yield
    task.cancel()


async def _problem(request: Request, error: Exception) -> Response:
    """Answer with one line: what is wrong, and what to do."""
    status, text = 400, str(error)
    if isinstance(error, RequestValidationError):
        first = error.errors()[0]
        status, text = 422, f"{'.'.join(map(str, first['loc'][1:])) or 'the request'}: {first['msg']}"
    elif isinstance(error, HTTPException):
        status = error.status_code
        text = "there is no such page" if (status, error.detail) == (404, "Not Found") else str(error.detail)
    elif isinstance(error, WebError):
        status = error.status
    elif isinstance(error, BusyError):
        status = 409
    headers = getattr(error, "headers", None)
    return _told(request, status, text, headers)


async def _mistake(request: Request, error: Exception) -> Response:
    """Answer in one line where maskreid itself is wrong; the server's output has the traceback."""
    text = "something went wrong in the server, whose output says what"
    return _told(request, 500, text, HEADERS)  # this answer does not pass the guard, which sets them


def _told(request: Request, status: int, text: str, headers: Mapping[str, str] | None = None) -> Response:
    if wants_page(request):
        hidden = {"gallery": ""} if status in REFUSED else {}  # from who may not know
        return write(request, "error.html", status=status, headers=headers, text=text, code=status, **hidden)
    return JSONResponse({"detail": text}, status, headers)


async def _refuse(scope: Scope, receive: Receive, send: Send, status: int, text: str) -> None:
    await _told(Request(scope, receive), status, text)(scope, receive, send)
