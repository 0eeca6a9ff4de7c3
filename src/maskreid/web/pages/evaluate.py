"""How good a model is: the numbers and figures of a run, or of two side by side, and where it fails."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from maskreid.reports.page import comparison_of, metric_rows
from maskreid.reports.pictures import data_uri, mask_over
from maskreid.reports.tables import COLUMNS, COMPARISON_COLUMNS
from maskreid.web.desk import ServedDesk
from maskreid.web.render import write
from maskreid.web.security import HEADERS

# matplotlib writes styles into its SVG; scripts stay forbidden.
STYLED = {
    "content-security-policy": HEADERS["content-security-policy"].replace(
        "style-src 'self'", "style-src 'self' 'unsafe-inline'"
    )
}
CAPTIONS = {
    "cmc": "Cumulative matching curve with its 95 % interval.",
    "average-precision": "How many queries have which average precision.",
    "difference": "Second less first, with 95 % intervals.",
    "average-precision-change": "How many queries changed by how much.",
    "similarities": "Similarities of right and wrong pairs, with thresholds.",
    "roc": "Pairs of one person that pass, against pairs of two.",
    "det": "Enrolled people missed, against false alarms.",
    "reliability": "Are its probabilities true?",
    "camera-pairs": "Rank-1 and mAP from each camera to each other.",
    "camera-pairs-a": "First: Rank-1 and mAP from camera to camera.",
    "camera-pairs-b": "Second: Rank-1 and mAP from camera to camera.",
    "camera-pairs-gain": "Second less first, points.",
}

router = APIRouter(include_in_schema=False)
Name = Annotated[str, Query(max_length=1000)]


@router.get("/evaluate")
def evaluate_page(request: Request, desk: ServedDesk, run: Name = "", against: Name = "") -> Response:
    """Show one run, or two."""
    names = desk.runs.names
    run = run or (names[0] if names else "")
    shown = desk.runs.show(*dict.fromkeys(filter(None, (run, against)))) if run else None
    return write(
        request,
        "evaluate.html",
        headers=STYLED,
        names=names,
        run=run,
        against=against,
        shown=shown,
        captions=CAPTIONS,
        columns=list(COLUMNS.values()),
        rows=metric_rows(shown.subjects) if shown else [],
        comparison_columns=COMPARISON_COLUMNS,
        comparison=comparison_of(shown.subjects) if shown else [],
    )


@router.get("/evaluate/answers")
def answers_page(
    request: Request, desk: ServedDesk, run: Name, row: Annotated[int, Query(ge=0, lt=1 << 40)]
) -> Response:
    """Show one query's first answers."""
    found = desk.runs.answers(run, row)
    over = data_uri(mask_over(found.pixels, found.mask)) if found.mask is not None else ""
    return write(request, "answers.html", run=run, found=found, over=over, uri=data_uri)
