"""``maskreid gallery label``."""

from __future__ import annotations

from typing import Annotated

import typer

from maskreid.cli.gallery.common import (
    AfterOption,
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


def label(
    gallery: GalleryArgument,
    name: Annotated[
        str | None, typer.Option("--as", metavar="NAME", help="Who they are.", show_default=False)
    ] = None,
    nobody: Annotated[bool, typer.Option("--as-nobody", help="Clear their identity.")] = False,
    ids: IdsOption = None,
    identities: IdentitiesOption = None,
    clusters: ClustersOption = None,
    cameras: CamerasOption = None,
    not_cameras: NotCamerasOption = None,
    after: AfterOption = None,
    before: BeforeOption = None,
    tags: TagsOption = None,
) -> None:
    """Say who is on the entries that meet all conditions: confirm a group, merge people, split one."""
    from maskreid import gallery as room

    if (name is None) != nobody:
        raise MaskreidError("label: say either --as NAME or --as-nobody")
    where = filter_of(ids, identities, clusters, cameras, not_cameras, after, before, tags)
    count = room.label(room.Gallery(gallery), where, name)
    if not count:
        raise MaskreidError(
            f"{gallery}: no entry passes these filters, nothing was changed; maskreid gallery list shows who is there"
        )
    print(f"{gallery}: {count:,} entries {'have no identity' if nobody else f'are {name}'} now")
