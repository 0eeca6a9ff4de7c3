"""One record for one image of a person, and the dataset that they make up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from maskreid.errors import MaskreidError

if TYPE_CHECKING:
    from maskreid.images.source import Source

UNKNOWN_CAMERA = -1
LAST_IDENTITY = 2**63 - 1
LAST_CAMERA = 2**31 - 1  # a gallery keeps cameras in 32 bits
JUNK = -1  # identity of Market-1501's ignored detections
DISTRACTOR = 0  # identity of gallery images that show nobody who is asked for
SPLITS = ("train", "val", "query", "gallery", "multi_query")


@dataclass(frozen=True, slots=True)
class PersonImage:
    """One crop of one person.

    Attributes:
        path: member path inside the dataset's source, with "/" separators.
        identity: who it is; `JUNK`, `DISTRACTOR`, or a positive number.
        camera: from 1, as file names have it; `UNKNOWN_CAMERA` if unknown.
        time: frame number or seconds, as the dataset has it; None if unknown.
        mask: member path of its mask, if the dataset brings one.

    Raises:
        MaskreidError: the path is empty, or a number is out of range.
    """

    path: str
    identity: int
    camera: int = UNKNOWN_CAMERA
    time: float | None = None
    mask: str | None = None

    def __post_init__(self) -> None:
        if not self.path:
            raise MaskreidError("an image has an empty path; expected the member path inside its source")
        if not JUNK <= self.identity <= LAST_IDENTITY:
            raise MaskreidError(
                f"{self.path}: identity is {self.identity}; expected 1 to {LAST_IDENTITY}, 0 (distractor) or -1 "
                "(junk)"
            )
        check_camera(self.camera, f"{self.path}: ")


@dataclass(frozen=True)
class SubsetCounts:
    """Counts of one split, in which distractors and junk are no identities.

    `maskreid.images.doctor` counts distractors as one identity, as the published tables do.
    """

    identities: int
    images: int
    cameras: int
    distractors: int
    junk: int


@dataclass(frozen=True)
class Dataset:
    """Named splits of images with one source.

    Attributes:
        name: which layout it was read as, such as "market1501".
        source: where the bytes are.
        splits: "train", "val", "query", "gallery", "multi_query", as far as the dataset has them.
        ignored: why files were passed over, and how many.
        identity_names: people's names where identities are not numbers (folder-per-identity, CSV).
        split: the number of the random split, where people are parted at random.
        numbering: the file or folder that numbered the people; empty where everybody's copy of the layout has the
            same numbers.
    """

    name: str
    source: Source
    splits: Mapping[str, tuple[PersonImage, ...]]
    ignored: Mapping[str, int] = field(default_factory=dict)
    identity_names: Mapping[int, str] = field(default_factory=dict)
    split: int | None = None
    numbering: str = ""

    def __post_init__(self) -> None:
        unknown = sorted(set(self.splits) - set(SPLITS))
        if unknown:
            raise MaskreidError(f"{self.source.name}: unknown split {unknown[0]!r}; expected {', '.join(SPLITS)}")
        if not any(self.splits.values()):
            raise MaskreidError(f"{self.source.name}: no image of a person found, read as {self.name}")
        for split, images in self.splits.items():
            for path, count in Counter(image.path for image in images).most_common(1):
                if count > 1:
                    raise MaskreidError(f"{self.source.name}: {path} is {count} times in {split!r}; keep one of them")

    @property
    def label(self) -> str:
        """The name, with the number of the split where people are parted at random."""
        return self.name if self.split is None else f"{self.name} (split {self.split})"

    def images(self, splits: Sequence[str] = ()) -> list[PersonImage]:
        """Return the images of some splits, or of all, each once.

        Raises:
            MaskreidError: there is no such split.
        """
        unknown = [split for split in splits if not self.splits.get(split)]
        if unknown:
            raise MaskreidError(f"{self.source.name}: has no split {unknown[0]!r}; it has {', '.join(self.splits)}")
        found = (image for split in splits or self.splits for image in self.splits[split])
        return list({image.path: image for image in found}.values())

    def training_images(self) -> list[PersonImage]:
        """Return the images of "train", or all of a dataset without it: never a test beside a training split."""
        return self.images(["train"] if self.splits.get("train") else ())

    def counts(self, split: str) -> SubsetCounts:
        """Count one split; an absent one holds nothing."""
        images = self.splits.get(split, ())
        return SubsetCounts(
            identities=len({image.identity for image in images if image.identity > 0}),
            images=len(images),
            cameras=len({image.camera for image in images if image.camera != UNKNOWN_CAMERA}),
            distractors=sum(image.identity == DISTRACTOR for image in images),
            junk=sum(image.identity == JUNK for image in images),
        )


def check_camera(camera: int, where: str = "") -> None:
    """Refuse a number that no camera has, with ``where`` before the message.

    Raises:
        MaskreidError: it is out of range.
    """
    if not UNKNOWN_CAMERA <= camera <= LAST_CAMERA:
        raise MaskreidError(f"{where}camera is {camera}; expected 0 to {LAST_CAMERA}, or -1 for unknown")


def identities_of(images: Sequence[PersonImage]) -> npt.NDArray[np.int64]:
    """Return the identities, shape (N,)."""
    return np.array([image.identity for image in images], dtype=np.int64)


def cameras_of(images: Sequence[PersonImage]) -> npt.NDArray[np.int64]:
    """Return the cameras, shape (N,)."""
    return np.array([image.camera for image in images], dtype=np.int64)
