"""Write masks as a tree of PNG files that any later run, and anybody's tool, can read."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import numpy as np
import numpy.typing as npt
from PIL import Image

from maskreid.errors import MaskreidError
from maskreid.files import check_folder, write_out
from maskreid.images import Dataset, MaskSource, PersonImage, fitting_masks, read_image
from maskreid.images.parts import in_parts
from maskreid.images.plain import PLAIN
from maskreid.progress import Progress, silent
from maskreid.threads import map_in_threads


def make_masks(dataset: Dataset, out: str | Path, masks: MaskSource, *, progress: Progress = silent) -> int:
    """Write ``<stem>.png`` for every image of every split: 255 on the person, 0 elsewhere, the image's own size.

    Folders are kept as they are in the dataset, below the folder that all its images share. Files that exist are
    left alone, so that the same call after a kill does only what is missing.

    Returns:
        How many masks were written by this call.

    Raises:
        MaskreidError: ``out`` cannot be written into or lies where every image is the dataset's, or as `mask_tree`
            and `maskreid.images.fitting_masks`.
    """
    out = Path(out)
    check_folder(out)
    images = dataset.images()
    if dataset.name == PLAIN.name and out.resolve().is_relative_to(Path(dataset.source.name).resolve()):
        raise MaskreidError(
            f"{out}: lies among the images of {dataset.source.name}, and would be; name another folder"
        )
    targets = {image.path: out / name for image, name in zip(images, mask_tree(images), strict=True)}
    for image in images:
        if targets[image.path].absolute() == Path(dataset.source.name, image.path).absolute():
            raise MaskreidError(
                f"{targets[image.path]} is an image, and its mask would be called so; name another folder"
            )
    missing = [image for image in images if not targets[image.path].exists()]
    counted = progress(missing, total=len(missing), what="making masks", unit="image")
    read = map_in_threads(lambda image: (image, read_image(dataset.source, image.path)), counted)
    for part in in_parts(read, lambda each: each[1]):
        some, pixels = zip(*part, strict=True)
        for image, mask in zip(some, fitting_masks(dataset.source, some, pixels, masks), strict=True):
            _write_png(targets[image.path], mask)
    return len(missing)


def mask_tree(images: Sequence[PersonImage]) -> list[str]:
    """Name each image's mask relative to the folder that all images share.

    Raises:
        MaskreidError: two images' masks would be one file.
    """
    folders = [PurePosixPath(image.path).parent for image in images]
    shared = PurePosixPath(os.path.commonpath(folders)) if len(set(folders)) > 1 else folders[0].parent
    names = [str(PurePosixPath(image.path).relative_to(shared).with_suffix(".png")) for image in images]
    owner: dict[str, str] = {}
    for image, name in zip(images, names, strict=True):
        if owner.setdefault(name, image.path) != image.path:
            raise MaskreidError(f"{owner[name]} and {image.path} would both have the mask {name}; rename one of them")
    return names


def _write_png(path: Path, mask: npt.NDArray[np.bool_]) -> None:
    buffer = io.BytesIO()
    Image.fromarray(mask.astype(np.uint8) * 255).save(buffer, "PNG")
    write_out(path, buffer.getvalue())
