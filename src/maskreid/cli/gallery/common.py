"""Arguments that several verbs of ``maskreid gallery`` share, and how they become objects."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from maskreid.errors import MaskreidError

if TYPE_CHECKING:
    from maskreid.gallery import Filter

MOST = 100_000_000  # answers or entries that can be asked for: Lance counts no further than 2^63

AloneOption = Annotated[
    bool,
    typer.Option(
        "--alone",
        help="Promise that no other process is writing, so that files of killed writers are deleted now. A folder "
        "has a lock and needs no promise; a bucket keeps such files for a week without it.",
    ),
]
GalleryArgument = Annotated[
    str, typer.Argument(metavar="GALLERY", help="The gallery: a folder, or s3://bucket/prefix.", show_default=False)
]
ModelOption = Annotated[
    str | None,
    typer.Option(
        "--model",
        help="Where the gallery's model is now. [default: where it was when the gallery was created]",
        show_default=False,
    ),
]
RayOption = Annotated[
    str | None,
    typer.Option(
        "--ray",
        metavar="ADDRESS",
        help="Let a Ray cluster do it: auto, host:6379 or ray://host:10001 (docs/scale.md).",
        show_default=False,
    ),
]
WorkersOption = Annotated[
    int | None,
    typer.Option(min=1, help="Workers on the cluster. [default: one a GPU, or one a CPU]", show_default=False),
]

IdsOption = Annotated[
    list[str] | None,
    typer.Option("--id", help="Entries whose id begins so; may be repeated.", metavar="ID", show_default=False),
]
IdentitiesOption = Annotated[
    list[str] | None,
    typer.Option("--identity", help="Entries of this person; may be repeated.", metavar="NAME", show_default=False),
]
ClustersOption = Annotated[
    list[str] | None,
    typer.Option("--cluster", help="In this proposed group; may be repeated.", metavar="NAME", show_default=False),
]
CamerasOption = Annotated[
    list[int] | None,
    typer.Option("--camera", help="Seen by this camera; may be repeated.", metavar="N", show_default=False),
]
NotCamerasOption = Annotated[
    list[int] | None,
    typer.Option("--not-camera", help="Not seen by this camera; may be repeated.", metavar="N", show_default=False),
]
AfterOption = Annotated[
    str | None,
    typer.Option("--after", help="Seen at this time (a number, or 2026-11-23T08:00) or later.", show_default=False),
]
BeforeOption = Annotated[str | None, typer.Option("--before", help="Seen before this time.", show_default=False)]
TagsOption = Annotated[
    list[str] | None, typer.Option("--tag", help="Has this tag; may be repeated: has all.", show_default=False)
]


def filter_of(
    ids: list[str] | None = None,
    identities: list[str] | None = None,
    clusters: list[str] | None = None,
    cameras: list[int] | None = None,
    not_cameras: list[int] | None = None,
    after: str | None = None,
    before: str | None = None,
    tags: list[str] | None = None,
) -> Filter:
    """Return the filter that the options mean together."""
    from maskreid.gallery import Filter

    return Filter(
        ids=tuple(ids or ()),
        identities=tuple(identities or ()),
        clusters=tuple(clusters or ()),
        cameras=tuple(cameras or ()),
        not_cameras=tuple(not_cameras or ()),
        after=time_of(after, "--after"),
        before=time_of(before, "--before"),
        tags=tuple(tags or ()),
    )


def time_of(text: str | None, option: str) -> float | None:
    """Return a time as seconds since 1970, or the number that it is."""
    from maskreid.images import parse_time

    if text is None:
        return None
    try:
        return parse_time(text)
    except MaskreidError as error:
        raise MaskreidError(f"{option}: {error}") from None


def duration_of(text: str) -> timedelta:
    """Return what "30d", "12h" or "2w" mean.

    Raises:
        MaskreidError: it is none of these.
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([mhdw])", text.strip())
    if not match:
        raise MaskreidError(f"{text!r} is no length of time; expected a number and m, h, d or w, such as 30d")
    unit = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}[match[2]]
    try:
        return timedelta(**{unit: float(match[1])})
    except OverflowError:
        raise MaskreidError(f"{text!r} is too long; expected a length of time such as 30d") from None
