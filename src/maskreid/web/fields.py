"""What a form's fields hold: every filter of an address, in the form that its input shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from maskreid.errors import MaskreidError
from maskreid.gallery import Overview
from maskreid.gallery.schema import FIRST_DATE
from maskreid.images import parse_time
from maskreid.web.asking import FilterRequest

TAGS = 24  # offered as filters


@dataclass(frozen=True)
class TimeField:
    """An input for one end of a time.

    Attributes:
        name: of the parameter.
        label: before the input.
        kind: the input's type.
        value: that an input of this type shows; what it does not understand it would leave out of the next address.
        hint: shown while there is no value.
    """

    name: str
    label: str
    kind: str
    value: str
    hint: str


def has_dates(seen: Overview) -> bool:
    """Whether the gallery's times are dates, not frames."""
    return seen.first is not None and seen.first >= FIRST_DATE


def time_fields(asked: FilterRequest, seen: Overview) -> list[TimeField]:
    """Return the inputs for "after" and "before"; none where there are no times and none is asked for."""
    if seen.first is None and not (asked.after or asked.before):
        return []
    dates = has_dates(seen)
    fields = []
    for name, label, text, end in (
        ("after", "from", asked.after, seen.first),
        ("before", "to", asked.before, seen.last),
    ):
        kind, value = _shown(text, dates)
        hint = "" if dates or end is None else f"{end:.15g}"
        fields.append(TimeField(name, label, kind, value, hint))
    return fields


def camera_counts(asked: FilterRequest, seen: Overview) -> dict[int, int]:
    """Return how many entries each camera has, those that are asked for and have none too."""
    return dict(sorted({**dict.fromkeys(asked.camera, 0), **seen.cameras}.items()))


def tag_counts(asked: FilterRequest, seen: Overview) -> dict[str, int]:
    """Return how many entries each tag has: those that are asked for, then the most frequent."""
    offered = dict.fromkeys([*filter(None, asked.tag), *list(seen.tags)[:TAGS]])
    return {tag: seen.tags.get(tag, 0) for tag in offered}


def _shown(text: str, dates: bool) -> tuple[str, str]:
    """Return an input's type and value; a text where no other input can show this."""
    kind = "datetime-local" if dates else "number"
    if not text.strip():
        return kind, ""
    try:
        time = parse_time(text)
        if not dates:
            return kind, repr(time).removesuffix(".0")
        if time == int(time):  # the input has whole seconds
            return kind, datetime.fromtimestamp(time, UTC).replace(tzinfo=None).isoformat()
    except (MaskreidError, OverflowError, OSError, ValueError):
        pass  # no time, or a year that no date has: as it was written
    return "text", text
