"""Masks that somebody else made: any segmenter can take part by writing PNG files."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import numpy as np
import numpy.typing as npt

from maskreid.errors import MaskreidError
from maskreid.images import Folder, PersonImage, Source, read_mask


class DatasetMasks:
    """The masks that a dataset brings with it, such as sibling ``bounding_box_train_seg/<stem>.png`` (MGCAM)."""

    name = "dataset"

    def __call__(
        self, source: Source, images: Sequence[PersonImage], pixels: Sequence[npt.NDArray[np.uint8]]
    ) -> list[npt.NDArray[np.bool_]]:
        """Read one (H, W) mask an image.

        Raises:
            MaskreidError: an image has none.
        """
        masks = []
        for image in images:
            if image.mask is None:
                raise MaskreidError(
                    f"{source.name}: no mask came with {image.path}; expected a sibling *_seg folder with <stem>.png "
                    'or a mask column; use masks = "fcn" to make masks, or `maskreid masks make`'
                )
            masks.append(read_mask(source, image.mask))
        return masks

    def has(self, image: PersonImage) -> bool:
        """Whether a mask came with an image."""
        return image.mask is not None


class FolderMasks:
    """A separate tree of masks: ``ROOT/<folders of the image>/<stem>.png``, as `maskreid masks make` writes it."""

    def __init__(self, root: str | Path) -> None:
        """Use the tree under ``root``.

        Raises:
            MaskreidError: there is no PNG below it.
        """
        self.source = Folder(Path(root))
        self.members = png_members(self.source)
        self._owners: dict[str, str] = {}
        if not self.members:
            raise MaskreidError(f"{root}: expected a tree of <stem>.png masks, found no PNG file")
        digest = hashlib.sha256()
        for member in sorted(self.members.values()):
            digest.update(member.encode(errors="surrogateescape") + self.source.read(member))
        self.name = f"folder-{digest.hexdigest()[:12]}"

    def __call__(
        self, source: Source, images: Sequence[PersonImage], pixels: Sequence[npt.NDArray[np.uint8]]
    ) -> list[npt.NDArray[np.bool_]]:
        """Read one (H, W) mask an image.

        Raises:
            MaskreidError: an image has none, or that of another image.
        """
        return [read_mask(self.source, self._find(image)) for image in images]

    def has(self, image: PersonImage) -> bool:
        """Whether there is a file for an image."""
        return member_of(image, self.members) is not None

    def _find(self, image: PersonImage) -> str:
        found = member_of(image, self.members)
        if found is None:
            names = ", ".join(mask_names(image.path))
            raise MaskreidError(f"{self.source.name}: no mask for {image.path}; expected one of {names}")
        claim(self._owners, found, image, self.source)
        return found


def png_members(source: Source) -> dict[str, str]:
    """Return a source's PNG files by their names with the suffix in lower case."""
    members = (member for member in source.members() if member.lower().endswith(".png"))
    return {str(PurePosixPath(member).with_suffix(".png")): member for member in members}


def member_of(image: PersonImage, members: dict[str, str]) -> str | None:
    """Return which of `png_members` is an image's mask, None if none is."""
    return next((members[name] for name in mask_names(image.path) if name in members), None)


def claim(owners: dict[str, str], member: str, image: PersonImage, source: Source) -> None:
    """Note in ``owners`` that a member of ``source`` is this image's mask.

    Raises:
        MaskreidError: it is another image's.
    """
    if owners.setdefault(member, image.path) != image.path:
        raise MaskreidError(
            f"{source.name}: {member} is named after both {owners[member]} and {image.path}; lay the masks out in "
            "the dataset's own folders"
        )


def mask_names(path: str) -> list[str]:
    """Where the mask of the image at ``path`` may stand in a tree of masks, the most specific first.

    The tree may start at the dataset's root or anywhere below it, and folders may carry MGCAM's ``_seg``.
    """
    parts = PurePosixPath(path).with_suffix(".png").parts
    names = []
    for start in range(len(parts)):
        *folders, stem = parts[start:]
        names.append("/".join([*folders, stem]))
        if folders:
            names.append("/".join([*folders[:-1], f"{folders[-1]}_seg", stem]))
    return names
