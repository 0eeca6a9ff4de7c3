"""Sheets of rank lists: what is where on the page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageColor

from maskreid.errors import MaskreidError
from maskreid.reports.rank_lists import Hit, RankList
from maskreid.reports.rank_sheet import (
    BORDER,
    CROP,
    GAP,
    MARGIN,
    NEUTRAL,
    RIGHT,
    TITLE,
    WRONG,
    rank_sheets,
    write_sheets,
)

BLUE = np.full((8, 4, 3), (0, 0, 255), np.uint8)
STEP = CROP[1] + 2 * BORDER + GAP


def one(*right: bool, probability: float | None = None, mask: bool = True) -> RankList:
    hits = tuple(Hit(BLUE, each, "right" if each else "person 7", "2", 0.5, probability) for each in right)
    return RankList("person 3, camera 1", BLUE, np.ones((8, 4), bool) if mask else None, hits)


def test_a_title_longer_than_its_list_is_whole() -> None:
    short, long = one(True), replace(one(True), title="person 1393, camera 1: first right answer at 1234, AP 3 %" * 2)
    pages = rank_sheets([short, long], rows=1)
    assert pages[0].width == pages[1].width > rank_sheets([short])[0].width
    ink = np.asarray(pages[1].crop((0, MARGIN, pages[1].width, MARGIN + TITLE)).convert("L")) < 128
    assert np.flatnonzero(ink.any(0)).max() < pages[1].width - MARGIN


def border(page: Image.Image, place: int) -> list[tuple[int, ...]]:
    """Pixels down the left border of the first list's pictures: query, mask, then answers."""
    left = MARGIN + place * STEP + (2 * GAP if place > 1 else 0) + 2
    top = MARGIN + TITLE
    return [page.getpixel((left, y)) for y in range(top, top + CROP[0])]  # type: ignore[misc]


def test_right_answers_have_a_whole_border_and_wrong_ones_a_broken_one() -> None:
    (page,) = rank_sheets([one(True, False)])
    assert set(border(page, 0)) == {ImageColor.getrgb(NEUTRAL)}
    assert set(border(page, 2)) == {ImageColor.getrgb(RIGHT)}
    assert set(border(page, 3)) == {ImageColor.getrgb(WRONG), (255, 255, 255)}
    left, bottom = MARGIN + 3 * STEP + 2 * GAP, MARGIN + TITLE + CROP[0] + 2 * BORDER - 1
    below = [page.getpixel((x, bottom)) for x in range(left, left + CROP[1] + 2 * BORDER)]
    assert below.count(ImageColor.getrgb(WRONG)) > len(below) / 2, "no gap runs along a side"


def test_every_picture_is_in_its_place() -> None:
    (page,) = rank_sheets([one(True, False), one(False)])
    centre = MARGIN + 2 * STEP + 2 * GAP + BORDER + CROP[1] // 2, MARGIN + TITLE + BORDER + CROP[0] // 2
    assert page.getpixel(centre) == (0, 0, 255)
    assert page.width == 2 * MARGIN + 4 * STEP + 2 * GAP - GAP


def test_without_masks_there_is_no_column_for_them() -> None:
    (narrow,), (wide,) = rank_sheets([one(True, mask=False)]), rank_sheets([one(True)])
    assert wide.width - narrow.width == STEP


def test_probabilities_take_a_line_of_their_own() -> None:
    (high,), (low,) = rank_sheets([one(True, probability=0.5)]), rank_sheets([one(True)])
    assert high.height > low.height


def test_many_lists_make_several_pages_and_files(tmp_path: Path) -> None:
    pages = rank_sheets([one(True)] * 5, rows=2)
    assert len(pages) == 3
    written = write_sheets(pages, tmp_path / "new" / "ranks.png")
    assert [path.name for path in written] == ["ranks-1.png", "ranks-2.png", "ranks-3.png"]
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == sorted(path.name for path in written)
    assert write_sheets(pages[:1], tmp_path / "ranks.png") == [tmp_path / "ranks.png"]
    with Image.open(tmp_path / "ranks.png") as picture:
        assert round(picture.info["dpi"][0]) == 300
    with pytest.raises(MaskreidError, match="cannot be written"):
        write_sheets(pages[:1], tmp_path / "ranks.png" / "ranks.png")
