"""What people said, and a way back."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from maskreid.gallery import judgements, standing
from maskreid.web.desk import ServedDesk
from maskreid.web.render import write

PAGE = 50
SHOWN = 12  # pictures of one judgement

router = APIRouter(include_in_schema=False)


@router.get("/judgements")
def judgements_page(
    request: Request, desk: ServedDesk, offset: Annotated[int, Query(ge=0, le=1 << 40)] = 0
) -> Response:
    """Show judgements, the last first."""
    all_ = judgements(desk.gallery)
    left = standing(all_)
    shown = list(reversed(all_))[offset : offset + PAGE]
    return write(
        request,
        "judgements.html",
        shown=shown,
        standing={each.id for each in left},
        count=len(left),
        pictures=SHOWN,
        before=f"/judgements?offset={max(0, offset - PAGE)}" if offset else "",
        after=f"/judgements?offset={offset + PAGE}" if offset + PAGE < len(all_) else "",
    )
