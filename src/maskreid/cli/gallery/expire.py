"""``maskreid gallery expire``."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from maskreid.cli.gallery.common import AloneOption, GalleryArgument, duration_of


class Clock(StrEnum):
    """Which time counts."""

    ADDED = "added"
    TIME = "time"


def expire(
    gallery: GalleryArgument,
    older_than: Annotated[
        str, typer.Option(help="A number and m, h, d or w, such as 30d.", metavar="AGE", show_default=False)
    ],
    by: Annotated[
        Clock, typer.Option(help="added: since it was enrolled; time: since it was seen, where that is a date.")
    ] = Clock.ADDED,
    alone: AloneOption = False,
) -> None:
    """Delete, as remove does and without asking, what is older than AGE."""
    from maskreid import gallery as room

    opened = room.Gallery(gallery)
    count = room.expire(opened, duration_of(older_than), by.value, alone=alone)
    print(f"{gallery}: {count:,} entries older than {older_than} removed, {len(opened):,} left")
