"""Masks by the name that recipes, model cards and ``--masks`` have for where they come from."""

from __future__ import annotations

from maskreid.images import MaskSource
from maskreid.masks.fcn import FcnMasks
from maskreid.masks.stored import DatasetMasks, FolderMasks


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
