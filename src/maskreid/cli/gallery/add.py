"""``maskreid gallery add``."""

from __future__ import annotations

from typing import Annotated

import typer

from maskreid.cli.common import FormatOption, SplitOption
from maskreid.cli.gallery.common import (
    DeviceOption,
    GalleryArgument,
    ModelOption,
    PrecisionOption,
    device_of,
    time_of,
)


def add(
    gallery: GalleryArgument,
    data: Annotated[
        list[str],
        typer.Argument(
            metavar="DATA...",
            help='Images: a file, a folder, a zip, a CSV, any dataset that training reads, or "synthetic".',
            show_default=False,
        ),
    ],
    subsets: Annotated[
        str | None,
        typer.Option("--subsets", help="Which of train, query, gallery, multi_query, by commas. [default: all]"),
    ] = None,
    camera: Annotated[int | None, typer.Option(min=0, help="The camera that saw all of them.")] = None,
    time: Annotated[
        str | None, typer.Option(help="When all of them were seen: a number, or a date such as 2026-11-23T08:00.")
    ] = None,
    tag: Annotated[list[str] | None, typer.Option("--tag", help="A word for all of them; may be repeated.")] = None,
    masks: Annotated[
        str | None, typer.Option(help="Masks; must be what the gallery was created with, which is the default.")
    ] = None,
    model: ModelOption = None,
    precision: PrecisionOption = "float32",
    device: DeviceOption = None,
    format: FormatOption = None,
    split: SplitOption = 0,
) -> None:
    """Enrol images in GALLERY; those already there are passed over, so the same command goes on after a kill."""
    from maskreid import progress
    from maskreid.cli.common import open_data
    from maskreid.gallery import Gallery, enrol

    opened = Gallery(gallery)
    seen = time_of(time, "--time")
    datasets = [open_data(each, format, split, anything=True) for each in data]
    loaded = opened.model(model, device_of(device))
    for each, dataset in zip(data, datasets, strict=True):
        done = enrol(
            opened,
            dataset,
            model=loaded,
            masks=masks,
            splits=[name.strip() for name in subsets.split(",")] if subsets else (),
            camera=camera,
            time=seen,
            tags=tag or (),
            precision=precision,
            progress=progress.terminal,
        )
        print(f"{each} ({dataset.name}): {done}")
    print(f"{gallery}: {len(opened):,} entries")
