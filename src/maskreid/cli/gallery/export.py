"""``maskreid gallery export``."""

from __future__ import annotations

from pathlib import Path
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


def export(
    gallery: GalleryArgument,
    out: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where to write.", show_default=False)],
    ids: IdsOption = None,
    identities: IdentitiesOption = None,
    clusters: ClustersOption = None,
    cameras: CamerasOption = None,
    not_cameras: NotCamerasOption = None,
    after: AfterOption = None,
    before: BeforeOption = None,
    tags: TagsOption = None,
) -> None:
    """Write entries.csv, which maskreid train reads, features.npz and the thumbnails, if there are any."""
    from maskreid import gallery as room
    from maskreid import progress

    where = filter_of(ids, identities, clusters, cameras, not_cameras, after, before, tags)
    count = room.export(room.Gallery(gallery), out, where, progress=progress.terminal)
    print(f"{out}: {count:,} entries written, in entries.csv and features.npz")
