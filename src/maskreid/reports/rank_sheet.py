"""Rank lists as pictures of a page each, for a paper or a wall: query, mask, answers with true and false borders."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from maskreid.files import write_out
from maskreid.reports.figure import DPI
from maskreid.reports.pictures import mask_over
from maskreid.reports.rank_lists import Hit, RankList

ROWS = 8  # lists on a page
CROP = (336, 168)  # (height, width) in pixels; at 300 dots an inch a row of ten answers is a page's width
BORDER, GAP, MARGIN = 8, 10, 36
TITLE, LINE = 48, 29  # heights of lines of text
LARGE, SMALL = 30, 23  # sizes of letters
DASH, HOLE = 16, 11  # of a broken border
PAPER, INK, SOFT = "#ffffff", "#0f172a", "#475569"
RIGHT, WRONG, NEUTRAL = "#00795c", "#c2410c", "#94a3b8"

Box = tuple[int, int, int, int]


def rank_sheets(lists: Sequence[RankList], rows: int = ROWS) -> list[Image.Image]:
    """Draw rank lists below each other, ``rows`` on a page; every page is as wide as the longest list or title.

    A right answer has a solid border and a tick, a wrong one a broken border and a cross, so that it needs no colour.
    """
    longest = max((len(each.hits) for each in lists), default=0)
    masks = any(each.mask is not None for each in lists)
    title = max((math.ceil(_font(LARGE).getlength(each.title)) for each in lists), default=0)
    pages = (lists[start : start + rows] for start in range(0, len(lists), rows))
    return [_page(page, longest, title, masks=masks) for page in pages]


def write_sheets(pages: Sequence[Image.Image], path: Path) -> list[Path]:
    """Write one page as ``path``, or several as ``NAME-1.png``, ``NAME-2.png``, ...; return the files.

    Raises:
        MaskreidError: one cannot be written.
    """
    digits = len(str(len(pages)))
    names = [path.with_name(f"{path.stem}-{page:0{digits}}{path.suffix}") for page in range(1, len(pages) + 1)]
    written = names if len(pages) > 1 else [path]
    for page, name in zip(pages, written, strict=True):
        buffer = io.BytesIO()
        page.save(buffer, "PNG", dpi=(DPI, DPI))
        write_out(name, buffer.getvalue())
    return written


def _page(lists: Sequence[RankList], longest: int, title: int, *, masks: bool) -> Image.Image:
    step = CROP[1] + 2 * BORDER + GAP
    probable = any(hit.probability is not None for each in lists for hit in each.hits)
    height = TITLE + CROP[0] + 2 * BORDER + (4 if probable else 3) * LINE + 2 * GAP
    before = (1 + masks) * step + 2 * GAP
    width = max(before + longest * step - GAP, title)
    sheet = Image.new("RGB", (2 * MARGIN + width, 2 * MARGIN + len(lists) * height), PAPER)
    draw = ImageDraw.Draw(sheet)
    for number, each in enumerate(lists):
        top = MARGIN + number * height
        draw.text((MARGIN, top), each.title, INK, _font(LARGE))
        shown = [(each.pixels, "query")]
        if each.mask is not None:
            shown.append((mask_over(each.pixels, each.mask), "mask"))
        for place, (pixels, words) in enumerate(shown):
            _crop(sheet, pixels, (MARGIN + place * step, top + TITLE), NEUTRAL, [words])
        for place, hit in enumerate(each.hits):
            corner = (MARGIN + before + place * step, top + TITLE)
            _crop(sheet, hit.pixels, corner, RIGHT if hit.right else WRONG, _words(hit), broken=not hit.right)
    return sheet


def _words(hit: Hit) -> list[str]:
    mark = "\N{CHECK MARK}" if hit.right else "\N{BALLOT X}"
    words = [f"{mark} {hit.who}", f"camera {hit.camera}", f"{hit.similarity:.2f}"]
    return words if hit.probability is None else [*words, f"p {100 * hit.probability:.0f} %"]


def _crop(
    sheet: Image.Image,
    pixels: np.ndarray,
    corner: tuple[int, int],
    colour: str,
    words: Sequence[str],
    *,
    broken: bool = False,
) -> None:
    draw = ImageDraw.Draw(sheet)
    left, top = corner
    box = (left, top, left + CROP[1] + 2 * BORDER - 1, top + CROP[0] + 2 * BORDER - 1)
    draw.rectangle(box, fill=colour)
    if broken:
        _break(draw, box)
    picture = Image.fromarray(pixels).resize((CROP[1], CROP[0]), Image.Resampling.LANCZOS)
    sheet.paste(picture, (left + BORDER, top + BORDER))
    for line, text in enumerate(words):
        where = (left, box[3] + 5 + line * LINE)
        draw.text(where, text, colour if line == 0 and colour != NEUTRAL else SOFT, _font(SMALL))


def _break(draw: ImageDraw.ImageDraw, box: Box) -> None:
    """Cut gaps into a border, the corners left whole; the picture covers what is inside."""
    left, top, right, bottom = box
    for x in range(left + DASH, right - BORDER - HOLE, DASH + HOLE):
        draw.rectangle((x, top, x + HOLE - 1, bottom), fill=PAPER)
    for y in range(top + DASH, bottom - BORDER - HOLE, DASH + HOLE):
        draw.rectangle((left, y, right, y + HOLE - 1), fill=PAPER)


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    """matplotlib's own font: it is there on every machine, and has the marks."""
    from matplotlib import get_data_path

    return ImageFont.truetype(str(Path(get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"), size)
