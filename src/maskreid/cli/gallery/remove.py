"""``maskreid gallery remove``."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from maskreid.cli.gallery.common import (
    AfterOption,
    AloneOption,
    BeforeOption,
    CamerasOption,
    ClustersOption,
    GalleryArgument,
    IdentitiesOption,
    IdsOption,
    NotCamerasOption,
    TagsOption,
    filter_of,
)
from maskreid.errors import MaskreidError


def remove(
    gallery: GalleryArgument,
    ids: IdsOption = None,
    identities: IdentitiesOption = None,
    clusters: ClustersOption = None,
    cameras: CamerasOption = None,
    not_cameras: NotCamerasOption = None,
    after: AfterOption = None,
    before: BeforeOption = None,
    tags: TagsOption = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    alone: AloneOption = False,
) -> None:
    """Delete for real the entries that meet all conditions: from data files, indexes, old versions, thumbnails."""
    from maskreid import gallery as room

    opened = room.Gallery(gallery)
    where = filter_of(ids, identities, clusters, cameras, not_cameras, after, before, tags)
    if where.sql and not yes:
        if not sys.stdin.isatty():
            raise MaskreidError("remove: cannot ask for confirmation, as this is no terminal; add --yes to delete")
        if not typer.confirm(f"{gallery}: delete {opened.count(where):,} of {len(opened):,} entries for good?"):
            print("nothing was removed")
            return
    count = room.remove(opened, where, alone=alone)  # of none too: it finishes what was cut off
    print(f"{gallery}: {count:,} entries removed, {len(opened):,} left")
    if not count:
        print("maskreid: no entry passes these filters; maskreid gallery list shows who is there", file=sys.stderr)
