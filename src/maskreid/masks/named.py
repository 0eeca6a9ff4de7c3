"""Masks by the name that recipes, model cards and ``--masks`` have for where they come from."""

from __future__ import annotations

import os

from maskreid.images import Folder, MaskSource
from maskreid.masks.fcn import FcnMasks
from maskreid.masks.stored import DatasetMasks, FolderMasks, png_members

NAMES = ("fcn", "dataset", "none")


def whole_name(name: str) -> str:
    """Return what a name means from anywhere: a folder from the root on, the others as they are."""
    return name if name in NAMES else os.path.abspath(name)


def still_there(name: str) -> bool:
    """Whether the masks that a name means can be had: a folder may be gone, or hold none any more."""
    return name in NAMES or (os.path.isdir(name) and bool(png_members(Folder(name))))


def mask_source(name: str) -> MaskSource | None:
    """Return the masks that a name means.

    Args:
        name: "fcn", the shipped segmenter; "dataset", masks that came with the images; "none", which gives None; or
            a folder of mask files.

    Raises:
        MaskreidError: the folder holds no PNG.
    """
    if name == "none":
        return None
    if name == "fcn":
        return FcnMasks()
    if name == "dataset":
        return DatasetMasks()
    return FolderMasks(name)
