"""Several datasets as one, to be trained on together (JSTL: Xiao et al., CVPR 2016)."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from maskreid.errors import MaskreidError
from maskreid.images.records import UNKNOWN_CAMERA, Dataset, PersonImage
from maskreid.images.source import Source

JOINED = " + "  # between the datasets' labels, in the name of the whole


class JointSource:
    """Several sources side by side: a member of the second is "1/" and its path there."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self.sources = tuple(sources)
        self.name = " + ".join(source.name for source in sources)

    def members(self) -> list[str]:
        """Return every file's path, sorted."""
        return sorted(f"{place}/{member}" for place, source in enumerate(self.sources) for member in source.members())

    def read(self, member: str) -> bytes:
        """Return one file's content."""
        place, _, inside = member.partition("/")
        if not place.isdecimal() or int(place) >= len(self.sources):
            raise MaskreidError(f"{self.name}: has no member {member}")
        return self.sources[int(place)].read(inside)


def join_datasets(datasets: Sequence[Dataset]) -> Dataset:
    """Make one training set of several: people and cameras of different datasets are different.

    Only the split "train" is joined: each dataset has its own test, which no joint gallery would honour.

    Args:
        datasets: at least one, each with a "train" split; a single one is returned as it is.

    Raises:
        MaskreidError: one has no training images, or one is given twice.
    """
    if len(datasets) == 1:
        return datasets[0]
    names = [dataset.source.name for dataset in datasets]
    for name, count in Counter(names).items():
        if count > 1:
            raise MaskreidError(f"{name} is given {count} times; give each dataset once")
    given: dict[str, str] = {}
    images: list[PersonImage] = []
    for place, dataset in enumerate(datasets):
        if not dataset.splits.get("train"):
            raise MaskreidError(
                f"{dataset.source.name}: no training images to join; found splits: {', '.join(dataset.splits)}"
            )
        name, digest = dataset.source.name, images_digest(dataset.source, dataset.splits["train"])
        if digest in given:
            raise MaskreidError(f"{name} is given 2 times, before as {given[digest]}; give each dataset once")
        given[digest] = name
        people = max((image.identity for image in images), default=0)
        seen = [image.camera for image in dataset.splits["train"] if image.camera != UNKNOWN_CAMERA]
        # The first camera of this dataset, whose number may be 0, follows the last of those before.
        cameras = max((image.camera for image in images if image.camera > 0), default=0) + 1 - min(seen, default=1)
        images += [_moved(image, place, people, cameras) for image in dataset.splits["train"] if image.identity > 0]
    return Dataset(
        JOINED.join(dataset.label for dataset in datasets),
        JointSource([dataset.source for dataset in datasets]),
        {"train": tuple(images)},
    )


def images_digest(source: Source, images: Sequence[PersonImage], *, labelled: bool = False) -> str:
    """Tell datasets apart, by their images' paths below their common folder and the first one's bytes.

    It is the same for a folder, the folder above it and the zip, and another for other people in the same layout.

    Args:
        source: where the images are.
        images: at least one.
        labelled: whether who is who counts too (by the order of their numbers), as it must where paths do not say so.
    """
    images = sorted(images, key=lambda image: image.path)
    paths = [image.path for image in images]
    shared = os.path.commonpath([os.path.dirname(path) for path in paths])
    digest = hashlib.sha256(
        "\n".join(path[len(shared) :].lstrip("/") for path in paths).encode(errors="surrogateescape")
    )
    digest.update(source.read(paths[0]))
    if labelled:
        rank = {identity: place for place, identity in enumerate(sorted({image.identity for image in images}))}
        digest.update(repr([rank[image.identity] for image in images]).encode())
    return digest.hexdigest()[:16]


def _moved(image: PersonImage, place: int, people: int, cameras: int) -> PersonImage:
    return replace(
        image,
        path=f"{place}/{image.path}",
        identity=image.identity + people,
        camera=image.camera if image.camera == UNKNOWN_CAMERA else image.camera + cameras,
        mask=f"{place}/{image.mask}" if image.mask else None,
    )
