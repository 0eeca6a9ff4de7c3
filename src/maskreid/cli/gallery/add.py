"""``maskreid gallery add``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from maskreid.cli.common import (
    BackendOption,
    DeviceOption,
    FastPrecisionOption,
    FormatOption,
    SplitOption,
    SubsetsOption,
    device_of,
    refuse_surplus,
    subsets_of,
)
from maskreid.cli.gallery.common import (
    GalleryArgument,
    ModelOption,
    RayOption,
    WorkersOption,
    time_of,
)
from maskreid.errors import MaskreidError

if TYPE_CHECKING:
    from maskreid.gallery import Enrolled, Gallery
    from maskreid.images import Dataset

    Opening = Mapping[str, Callable[[], Dataset]]


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
    subsets: SubsetsOption = None,
    camera: Annotated[int | None, typer.Option(min=0, help="The camera that saw all of them.")] = None,
    time: Annotated[
        str | None, typer.Option(help="When all of them were seen: a number, or a date such as 2026-11-23T08:00.")
    ] = None,
    tag: Annotated[list[str] | None, typer.Option("--tag", help="A word for all of them; may be repeated.")] = None,
    masks: Annotated[
        str | None, typer.Option(help="Masks; must be what the gallery was created with, which is the default.")
    ] = None,
    model: ModelOption = None,
    backend: BackendOption = None,
    precision: FastPrecisionOption = None,
    device: DeviceOption = None,
    ray: RayOption = None,
    workers: WorkersOption = None,
    format: FormatOption = None,
    split: SplitOption = 0,
) -> None:
    """Enrol images in GALLERY; those already there are passed over, so the same command goes on after a kill."""
    from maskreid.cli.common import open_data, tell_ignored
    from maskreid.gallery import Gallery

    if ray is None:
        refuse_surplus({"--workers": workers}, "workers are a cluster's, which --ray names")
    else:
        refuse_surplus({"--device": device}, "with --ray each worker takes its GPU, where it has one")
    opened = Gallery(gallery)
    splits = subsets_of(subsets)
    options = {
        "masks": masks,
        "splits": splits,
        "camera": camera,
        "time": time_of(time, "--time"),
        "tags": tuple(tag or ()),
        "backend": backend,
        "precision": precision,
    }
    opening = (
        _together(data)
        if format is None and not split
        else {each: partial(open_data, each, format, split, anything=True) for each in data}
    )
    kinds, ignored = {}, {}
    for each, how in opening.items():  # all are there, before hours go into the first
        dataset = how()
        dataset.images(splits)
        kinds[each], ignored[each] = dataset.name, dataset.ignored
    if ray is None:
        enrolled = _here(opened, opening, model, device, options)
    else:
        enrolled = _on_ray(opened, opening, model, ray, workers, options)
    read = unreadable = 0
    for each, done in enrolled:
        tell_ignored(each, ignored[each])
        print(f"{each} ({kinds[each]}): {done}", flush=True)
        read, unreadable = read + done.added + done.known, unreadable + done.unreadable
    print(f"{gallery}: {len(opened):,} entries")
    if unreadable and not read:
        raise MaskreidError(f"not one of {unreadable:,} images could be read")


def _together(data: Sequence[str]) -> dict[str, Callable[[], Dataset]]:
    """Return how to open DATA, by what it is called; image files of one folder are opened as one dataset.

    Each dataset that is enrolled is written, and the table tidied, by itself.
    """
    from maskreid.cli.common import open_data
    from maskreid.images import is_image_file, open_images

    files: dict[Path, list[str]] = {}
    for each in filter(is_image_file, data):
        files.setdefault(Path(each).parent, []).append(Path(each).name)
    opening: dict[str, Callable[[], Dataset]] = {}
    for each in data:
        folder = Path(each).parent
        if is_image_file(each) and len(files[folder]) > 1:
            opening[f"{len(files[folder]):,} files of {folder}"] = partial(open_images, str(folder), files[folder])
        else:
            opening[each] = partial(open_data, each, anything=True)
    return opening


def _here(
    gallery: Gallery, opening: Opening, model: str | None, device: str | None, options: Mapping[str, Any]
) -> Iterator[tuple[str, Enrolled]]:
    from maskreid import progress
    from maskreid.gallery import enrol

    loaded = gallery.model(model, device_of(device))
    for each, opened in opening.items():
        yield each, enrol(gallery, opened(), model=loaded, progress=progress.terminal, **options)


def _on_ray(
    gallery: Gallery,
    opening: Opening,
    model: str | None,
    address: str,
    workers: int | None,
    options: Mapping[str, Any],
) -> Iterator[tuple[str, Enrolled]]:
    from maskreid import progress
    from maskreid.gallery.on_ray import connected, enrol_on_ray

    with connected(address):
        for each, opened in opening.items():
            done = enrol_on_ray(gallery, opened, model=model, workers=workers, progress=progress.terminal, **options)
            yield each, done
