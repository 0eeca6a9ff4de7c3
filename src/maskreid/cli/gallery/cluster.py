"""``maskreid gallery cluster``."""

from __future__ import annotations

import shlex
from typing import Annotated

import typer

from maskreid.cli.gallery.common import (
    AfterOption,
    BeforeOption,
    CamerasOption,
    GalleryArgument,
    NotCamerasOption,
    TagsOption,
    filter_of,
)


def cluster(
    gallery: GalleryArgument,
    eps: Annotated[
        float | None,
        typer.Option(
            help="Re-ranked distance up to which two entries are neighbours; less: purer groups. [default: 0.55]",
            show_default=False,
        ),
    ] = None,
    fewest: Annotated[
        int | None,
        typer.Option(
            min=1, help="Neighbours that make an entry the core of a group. [default: 4]", show_default=False
        ),
    ] = None,
    cameras: CamerasOption = None,
    not_cameras: NotCamerasOption = None,
    after: AfterOption = None,
    before: BeforeOption = None,
    tags: TagsOption = None,
) -> None:
    """Propose who is the same person, as groups for people to confirm; labels stay as they are.

    c1 is the largest group; of a part of GALLERY, groups are numbered on from those of the other entries.
    """
    from maskreid import gallery as room
    from maskreid import progress
    from maskreid.gallery.cluster import EPS, FEWEST

    opened = room.Gallery(gallery)
    where = filter_of(cameras=cameras, not_cameras=not_cameras, after=after, before=before, tags=tags)
    found = room.cluster(
        opened,
        where,
        eps=EPS if eps is None else eps,
        fewest=FEWEST if fewest is None else fewest,
        progress=progress.terminal,
    )
    print(f"{gallery}: {found}")
    if not found.groups:
        return
    quoted = shlex.quote(gallery)
    print(f"look at one: maskreid gallery list {quoted} --cluster c{found.first}")
    print(f"confirm it:  maskreid gallery label {quoted} --cluster c{found.first} --as NAME")
