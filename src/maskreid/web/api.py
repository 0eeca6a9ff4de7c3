"""The JSON that pages and programs share: queries, search, entries."""

from __future__ import annotations

import io
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Query, Request, Response, UploadFile
from fastapi import Path as InPath
from PIL import Image
from starlette.requests import ClientDisconnect

from maskreid.gallery.asker import Picture
from maskreid.web.asking import SearchRequest, answer
from maskreid.web.desk import ServedDesk
from maskreid.web.errors import TooLargeError, WebError, WrongTypeError
from maskreid.web.schemas import AnswerOut, EntryOut, HitOut, OverviewOut, Problem, QueryOut
from maskreid.web.uploads import IMAGES, mask_from, picture_from

PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "description": text}
    for status, text in {
        400: "The request cannot be answered.",
        401: "A token is required.",
        403: "A page of another site sent this.",
        404: "There is none, or no longer.",
        409: "Another process is writing.",
        413: "Too large.",
        415: "No image, or a damaged one.",
        421: "The server is not called by that name.",
        422: "A value is missing or out of range.",
    }.items()
}
PNG: dict[int | str, dict[str, Any]] = {
    200: {"content": {"image/png": {"schema": {"type": "string", "format": "binary"}}}}
}

router = APIRouter(prefix="/api", responses=PROBLEMS)

EntryId = Annotated[str, InPath(pattern="^[0-9a-f]{32}$", description="An entry's whole id.")]
QueryId = Annotated[str, InPath(max_length=64)]
Number = Annotated[int, InPath(ge=0, lt=IMAGES, description="Of the query's image, from 0.")]


@router.post("/queries", status_code=201)
def send_query(desk: ServedDesk, images: list[UploadFile]) -> QueryOut:
    """Send one image, or several of one person, to search for."""
    if len(images) > IMAGES:
        raise TooLargeError(f"a query has {IMAGES} images at most, got {len(images)}")
    pictures = [picture_from(image.file.read(), image.filename or "the image") for image in images]
    return QueryOut.of(desk.queries.add(pictures))


@router.get("/queries/{query}")
def show_query(desk: ServedDesk, query: QueryId) -> QueryOut:
    """Show what is kept of a query."""
    return QueryOut.of(desk.queries.get(query))


@router.delete("/queries/{query}", status_code=204)
def forget_query(desk: ServedDesk, query: QueryId) -> None:
    """Forget a query now; otherwise it is forgotten when it was not used for a while."""
    desk.queries.drop(query)


@router.get("/queries/{query}/images/{number}/picture", response_class=Response, responses=PNG)
def query_picture(desk: ServedDesk, query: QueryId, number: Number) -> Response:
    """Show an image of a query, as PNG."""
    return png(desk.queries.image(query, number).picture)


@router.get("/queries/{query}/images/{number}/mask", response_class=Response, responses=PNG)
def query_mask(desk: ServedDesk, query: QueryId, number: Number, drawn: bool = False) -> Response:
    """Show the mask that counts, or the one that was ``drawn`` first, as PNG: white on the person."""
    image = desk.queries.image(query, number)
    return png((image.drawn if drawn else image.mask).astype(np.uint8) * 255)


MASK_BODY = {"requestBody": {"required": True, "content": {"image/png": {"schema": {"type": "string"}}}}}


@router.put("/queries/{query}/images/{number}/mask", openapi_extra=MASK_BODY)
async def correct_mask(request: Request, desk: ServedDesk, query: QueryId, number: Number) -> QueryOut:
    """Use another mask: a PNG of the image's size, white on the person."""
    from starlette.concurrency import run_in_threadpool

    if request.headers.get("content-type", "").partition(";")[0].strip() != "image/png":
        raise WrongTypeError("expected a mask as image/png")
    try:
        content = await request.body()
    except ClientDisconnect:
        raise WebError("the mask was cut off; send it again") from None
    shape = desk.queries.image(query, number).picture.shape[:2]
    mask = await run_in_threadpool(mask_from, content, shape)
    await run_in_threadpool(desk.queries.change, query, number, mask=mask)
    return QueryOut.of(desk.queries.get(query))


@router.post("/queries/{query}/images/{number}/masked")
def use_mask(desk: ServedDesk, query: QueryId, number: Number, on: bool) -> QueryOut:
    """Use the image's mask, or none."""
    desk.queries.change(query, number, masked=on)
    return QueryOut.of(desk.queries.get(query))


@router.get("/search")
def search(desk: ServedDesk, asked: Annotated[SearchRequest, Query()]) -> AnswerOut:
    """Search: the same parameters as the page's address."""
    found = answer(desk, asked)
    return AnswerOut(calibrated=found.calibrated, hits=[HitOut.of(hit) for hit in found.hits])


@router.get("/entries/{id}")
def show_entry(desk: ServedDesk, id: EntryId) -> EntryOut:
    """Show what is known of an entry."""
    return EntryOut.of(desk.entry(id))


@router.get("/overview")
def show_overview(desk: ServedDesk) -> OverviewOut:
    """Count the gallery's entries."""
    seen = desk.overview()
    return OverviewOut(**{name: getattr(seen, name) for name in OverviewOut.model_fields})


def png(picture: Picture) -> Response:
    """Return an image as an answer that is not kept by anybody."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG", compress_level=1)
    return Response(buffer.getvalue(), media_type="image/png")
