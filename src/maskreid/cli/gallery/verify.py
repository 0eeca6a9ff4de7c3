"""``maskreid gallery verify``."""

from __future__ import annotations

import typer

from maskreid.cli.gallery.common import GalleryArgument


def verify(gallery: GalleryArgument) -> None:
    """Read every row of GALLERY and account for every file; status 1 if something is wrong."""
    from maskreid import gallery as room
    from maskreid import progress

    found = room.verify(room.Gallery(gallery), progress=progress.terminal)
    print(f"{gallery}: {found}")
    if not found.ok:
        raise typer.Exit(1)
