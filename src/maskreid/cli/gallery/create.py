"""``maskreid gallery create``."""

from __future__ import annotations

from typing import Annotated

import typer

from maskreid.cli.common import MasksOption
from maskreid.cli.gallery.common import GalleryArgument


def create(
    gallery: GalleryArgument,
    model: Annotated[str, typer.Option(help="A shipped model's name, a run folder or a model file.")] = "market1501",
    masks: MasksOption = None,
    thumbnail: Annotated[
        int, typer.Option(min=0, metavar="HEIGHT", help="Keep a picture of each image, so many pixels high; 0: none.")
    ] = 0,
    audit: Annotated[
        bool,
        typer.Option("--audit", help="Log searches, labels, judgements and deletions in the gallery's audit.jsonl."),
    ] = False,
) -> None:
    """Make an empty GALLERY for the features of one model."""
    from maskreid.gallery import Gallery

    made = Gallery.create(gallery, model, masks=masks, thumbnail=thumbnail, audit=audit)
    settings = made.settings
    print(
        f"{gallery}: made for model {settings.model} ({settings.fingerprint}, {settings.dimension} numbers "
        f"an image), masks {settings.masks}"
    )
