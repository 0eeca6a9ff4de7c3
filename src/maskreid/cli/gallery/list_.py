"""``maskreid gallery list``."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from maskreid.cli.gallery.common import (
    MOST,
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


def list_(
    gallery: GalleryArgument,
    limit: Annotated[int, typer.Option(min=1, max=MOST, help="Show so many entries.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
    ids: IdsOption = None,
    identities: IdentitiesOption = None,
    clusters: ClustersOption = None,
    cameras: CamerasOption = None,
    not_cameras: NotCamerasOption = None,
    after: AfterOption = None,
    before: BeforeOption = None,
    tags: TagsOption = None,
) -> None:
    """Show the entries of GALLERY, or those that meet all conditions."""
    from maskreid.cli.gallery.show import as_row, as_values, table
    from maskreid.gallery import Gallery

    opened = Gallery(gallery)
    where = filter_of(ids, identities, clusters, cameras, not_cameras, after, before, tags)
    entries = opened.entries(where, limit)
    if as_json:
        for entry in entries:
            print(json.dumps(as_values(entry)))
        return
    if entries:
        print(table([as_row(entry) for entry in entries]))
    meant = opened.count(where)
    model = f"model {opened.settings.model}, masks {opened.settings.masks}"
    print(f"{gallery}: {len(entries):,} of {meant:,} shown, {len(opened):,} entries in all, {model}")
