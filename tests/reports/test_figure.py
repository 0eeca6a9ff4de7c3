"""A figure as text in a page and as files for a paper."""

from __future__ import annotations

import io
import re
import threading
import xml.etree.ElementTree as ElementTree

import pytest
from PIL import Image

from maskreid.reports.figure import GRID, INK, SERIES, STYLE, VARIABLES, WIDTH, Figure, canvas, shown_name


def drawn(name: str = "some-line", words: str = 'a "line" & more') -> Figure:
    with canvas(2.0) as (figure, (axes,)):
        axes.plot([0, 1], [0, 1], "o-", color=SERIES[0], label="rising")
        axes.set_xlabel("across, %")
        axes.legend()
    return Figure(name, words, figure)


def test_inline_text_is_an_element_that_says_what_it_shows_and_can_be_searched() -> None:
    text = drawn().inline()
    root = ElementTree.fromstring(text)
    assert root.get("role") == "img"
    assert root.get("aria-label") == 'a "line" & more'
    assert "across, %" in text
    assert "rising" in text
    assert "<metadata>" not in text


def test_every_colour_in_a_page_is_a_variable() -> None:
    text = drawn().inline()
    for colour in (INK, GRID, SERIES[0]):
        assert f"var({VARIABLES[colour]}, {colour})" in text
        assert len(re.findall(colour, text)) == text.count(f"var({VARIABLES[colour]}, {colour})")


def test_names_of_any_letters_are_drawn_as_they_are(recwarn: pytest.WarningsRecorder) -> None:
    for name in ("a$b$_c", "_run", "\U0001f642"):
        with canvas(2.0) as (figure, (axes,)):
            axes.plot([0, 1], [0, 1], label=shown_name(name))
            axes.legend()
        assert f"{name}</text>" in Figure("some-line", "", figure).inline()
    assert not recwarn.list


def test_two_figures_in_a_page_share_no_id_and_each_finds_its_own() -> None:
    one, other = drawn("one").inline(), drawn("other").inline()
    ids = [set(re.findall(r' id="([^"]+)"', text)) for text in (one, other)]
    assert ids[0]
    assert not ids[0] & ids[1]
    used = set(re.findall(r'href="#([^"]+)"', one)) | set(re.findall(r"url\(#([^)]+)\)", one))
    assert used
    assert used <= ids[0]


def test_the_same_numbers_give_the_same_text() -> None:
    assert drawn().svg() == drawn().svg()
    assert drawn().inline() == drawn().inline()
    assert drawn().pdf() == drawn().pdf()


def test_a_paper_s_svg_needs_no_font_and_no_page() -> None:
    text = drawn().svg()
    root = ElementTree.fromstring(text.encode())
    assert root.tag.endswith("svg")
    assert "<text" not in text
    assert "var(" not in text


def test_a_png_is_one_column_wide_at_300_dots_an_inch_on_white() -> None:
    with Image.open(io.BytesIO(drawn().png())) as picture:
        assert picture.width == WIDTH * 300
        assert round(picture.info["dpi"][0]) == 300
        assert picture.convert("RGBA").getpixel((0, 0)) == (255, 255, 255, 255)


def test_a_pdf_has_its_fonts() -> None:
    assert b"/FontFile2" in drawn().pdf()


def contrast(one: str, other: str) -> float:
    """WCAG 2.1's contrast ratio of two #rrggbb."""

    def luminance(colour: str) -> float:
        parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("colour", [INK, *SERIES])
def test_lines_and_letters_can_be_read_on_paper(colour: str) -> None:
    assert contrast(colour, "#ffffff") >= 4.5


def test_threads_may_draw_at_the_same_time_and_leave_matplotlib_s_settings_alone() -> None:
    import matplotlib

    before = matplotlib.rcParams["font.size"]
    texts: list[str] = []
    threads = [threading.Thread(target=lambda: texts.append(drawn().inline())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(texts)) == 1
    assert len(texts) == 4
    assert matplotlib.rcParams["font.size"] == before != STYLE["font.size"]
