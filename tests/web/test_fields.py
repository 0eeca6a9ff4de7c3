from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from starlette.testclient import TestClient

from maskreid.gallery import Overview, overview
from maskreid.gallery.schema import FIRST_DATE
from maskreid.web.asking import FilterRequest
from maskreid.web.desk import Desk
from maskreid.web.fields import TAGS, camera_counts, has_dates, tag_counts, time_fields

DAY = 1_795_392_000.0  # 2026-11-23T00:00 UTC
Seen = Callable[[float | None], Overview]


@pytest.fixture
def seen(desk: Desk) -> Seen:
    """The gallery's counts, had it been seen from some time on."""
    return lambda first: replace(overview(desk.gallery), first=first, last=first)


@pytest.mark.parametrize(
    ("first", "asked", "shown"),
    [
        (DAY, "", ("datetime-local", "")),
        (DAY, "2026-11-23", ("datetime-local", "2026-11-23T00:00:00")),
        (DAY, "2026-11-23T08:00+02:00", ("datetime-local", "2026-11-23T06:00:00")),
        (DAY, "1795392000", ("datetime-local", "2026-11-23T00:00:00")),
        (DAY, "1795392000.5", ("text", "1795392000.5")),
        (DAY, "1e300", ("text", "1e300")),
        (DAY, "soon", ("text", "soon")),
        (25.0, "100", ("number", "100")),
        (25.0, " 1_000 ", ("number", "1000")),
        (25.0, "2026-11-23", ("number", "1795392000")),
        (None, "7.5", ("number", "7.5")),
    ],
)
def test_a_time_is_shown_whatever_it_is_written_as(
    seen: Seen, first: float | None, asked: str, shown: tuple[str, str]
) -> None:
    field, other = time_fields(FilterRequest(after=asked), seen(first))
    assert (field.name, field.kind, field.value) == ("after", *shown)
    assert other.value == ""


def test_without_times_there_are_no_fields(seen: Seen) -> None:
    assert time_fields(FilterRequest(), seen(None)) == []


def test_a_camera_without_entries_can_be_shown(desk: Desk) -> None:
    assert list(camera_counts(FilterRequest(camera=[99]), desk.overview())) == [1, 2, 99]


@pytest.mark.parametrize("path", ["/", "/browse"])
def test_the_form_holds_every_filter_of_its_address(client: TestClient, path: str) -> None:
    page = client.get(f"{path}?camera=99&tag=rare&top=7&after=2026-11-23&before=3e9").text
    form = page[page.index('<form id="search"') :]
    form = form[: form.index("</form>")]
    assert 'name="camera" value="99" checked' in form
    assert 'name="tag" value="rare" checked' in form
    assert "<option selected>7</option>" in form or 'name="top" value="7"' in form
    # This gallery's times are frames.
    assert 'name="after" type="number" step="any" value="1795392000"' in form
    assert 'name="before" type="number" step="any" value="3000000000"' in form


def test_the_ends_of_frames_are_shown_whole(seen: Seen) -> None:
    frames = replace(seen(25.0), last=99_999_999.5)
    assert [field.hint for field in time_fields(FilterRequest(), frames)] == ["25", "99999999.5"]
    assert [field.hint for field in time_fields(FilterRequest(), seen(DAY))] == ["", ""]


@pytest.mark.parametrize(("first", "dates"), [(None, False), (FIRST_DATE - 1, False), (FIRST_DATE, True)])
def test_times_are_dates_from_1973_on(seen: Seen, first: float | None, dates: bool) -> None:
    assert has_dates(seen(first)) is dates


def test_tags_that_are_asked_for_come_first_then_the_most_frequent(desk: Desk) -> None:
    tags = {f"tag {number}": 100 - number for number in range(30)}
    offered = tag_counts(FilterRequest(tag=["rare", "", "tag 29"]), replace(desk.overview(), tags=tags))
    frequent = [f"tag {number}" for number in range(TAGS)]
    assert list(offered) == ["rare", "tag 29", *frequent]
    assert (offered["rare"], offered["tag 29"], offered["tag 0"]) == (0, 71, 100)
