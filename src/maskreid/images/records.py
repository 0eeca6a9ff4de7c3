"""One record for one image of a person, and the dataset that they make up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from maskreid.errors import MaskreidError

if TYPE_CHECKING:
    from maskreid.images.source import Source

UNKNOWN_CAMERA = -1
JUNK = -1  # identity of Market-1501's ignored detections
DISTRACTOR = 0  # identity of gallery images that show nobody who is asked for


@dataclass(frozen=True, slots=True)
class PersonImage:
    """One crop of one person.

    Attributes:
        path: member path inside the dataset's source, with "/" separators.
        identity: who it is; `JUNK`, `DISTRACTOR`, or a positive number.
        camera: from 1, as file names have it; `UNKNOWN_CAMERA` if unknown.
        time: frame number or seconds, as the dataset has it; None if unknown.
        mask: member path of its mask, if the dataset brings one.
    """

    path: str
    identity: int
    camera: int = UNKNOWN_CAMERA
    time: float | None = None
    mask: str | None = None


@dataclass(frozen=True)
class SubsetCounts:
    """Counts that users compare with the published ones: distractors and junk are no identities."""

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
        splits: "train", "query", "gallery" and, where there is one, "multi_query"; sorted by path.
        ignored: why files were passed over, and how many.
        identity_names: people's names where identities are not numbers (folder-per-identity, CSV).
    """

    name: str
    source: Source
    splits: Mapping[str, tuple[PersonImage, ...]]
    ignored: Mapping[str, int] = field(default_factory=dict)
    identity_names: Mapping[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not any(self.splits.values()):
            raise MaskreidError(f"{self.source.name}: no image of a person found, read as {self.name}")

    def counts(self, split: str) -> SubsetCounts:
        """Count one split."""
        images = self.splits[split]
        return SubsetCounts(
            identities=len({image.identity for image in images if image.identity > 0}),
            images=len(images),
            cameras=len({image.camera for image in images if image.camera != UNKNOWN_CAMERA}),
            distractors=sum(image.identity == DISTRACTOR for image in images),
            junk=sum(image.identity == JUNK for image in images),
        )


def identities_of(images: Sequence[PersonImage]) -> npt.NDArray[np.int64]:
    """Return the identities, shape (N,)."""
    return np.array([image.identity for image in images], dtype=np.int64)


def cameras_of(images: Sequence[PersonImage]) -> npt.NDArray[np.int64]:
    """Return the cameras, shape (N,)."""
    return np.array([image.camera for image in images], dtype=np.int64)
