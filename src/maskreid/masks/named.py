"""Masks by the name that recipes, model cards and ``--masks`` have for where they come from."""

from __future__ import annotations

import os
from collections.abc import Iterable

from maskreid.errors import MaskreidError, did_you_mean
from maskreid.images import Folder, MaskSource, PersonImage
from maskreid.masks.fcn import FcnMasks, load_segmenter
from maskreid.masks.segmenter import PersonSegmenter
from maskreid.masks.stored import DatasetMasks, FolderMasks, claim, member_of, png_members

NAMES = ("fcn", "dataset", "none")
SEGMENTER = ".safetensors"  # how the name of a segmenter that `learn_segmenter` wrote ends


def whole_name(name: str) -> str:
    """Return what a name means from anywhere: a folder from the root on, the others as they are."""
    return name if name in NAMES else os.path.abspath(name)


def still_there(name: str) -> bool:
    """Whether the masks that a name means can be had: a folder may be gone, or hold none any more."""
    if name in NAMES or (name.endswith(SEGMENTER) and os.path.isfile(name)):
        return True
    return os.path.isdir(name) and bool(png_members(Folder(name)))


def mask_source(name: str) -> MaskSource | None:
    """Return the masks that a name means.

    Args:
        name: "fcn", the shipped segmenter; ``PATH.safetensors``, one that `learn_segmenter` wrote; "dataset", masks
            that came with the images; "none", which gives None; or a folder of mask files.

    Raises:
        MaskreidError: it is none of these, the folder holds no PNG, or the file no segmenter.
    """
    if name == "none":
        return None
    if name == "dataset":
        return DatasetMasks()
    segmenter = segmenter_of(name)
    if segmenter is not None:
        return FcnMasks(segmenter)
    if not os.path.isdir(name):
        near = did_you_mean(name, NAMES)
        raise MaskreidError(
            f"masks {name!r}: expected {', '.join(NAMES)}, a folder of masks or a segmenter's .safetensors{near}"
        )
    return FolderMasks(name)


def segmenter_of(name: str) -> PersonSegmenter | None:
    """Return the segmenter that a name means, None where it means other masks.

    Raises:
        MaskreidError: the file holds none.
    """
    if name == "fcn":
        return load_segmenter()
    return load_segmenter(name) if name.endswith(SEGMENTER) else None


def refuse_shared(name: str, images: Iterable[PersonImage]) -> None:
    """Look whether a folder of masks has one for two of ``images``, whose splits are read one after the other.

    Raises:
        MaskreidError: it has.
    """
    if not os.path.isdir(name) or name in NAMES:
        return
    source, owners = Folder(name), dict[str, str]()
    members = png_members(source)
    for image in images:
        own = member_of(image, members)
        if own is not None:
            claim(owners, own, image, source)
