"""Whom a model has learned: from its card, through every model that it started from or was taught by."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from maskreid.errors import MaskreidError
from maskreid.images import Dataset, PersonImage, Source, split_identities
from maskreid.images.joint import JOINED, JointSource, images_digest

LISTED = "csv"  # label of datasets whose paths do not say who is who
OWN_NUMBERS = (LISTED, "folders")  # labels of datasets whose people each copy numbers for itself
PHOTOS = 64  # of those learned from, by which a card knows them again in any other folder
LINKS = ("before", "init", "teachers")  # to what was before; older cards have the last two, each with all before it
RANDOM = " (split "  # in the label of a dataset whose people are parted at random


def datasets_of(dataset: Dataset) -> list[list[str]]:
    """Return (label, `images_digest`) of each dataset whose training images these are, as cards keep them."""
    images = dataset.splits.get("train", ())
    if not images:
        return []
    if not isinstance(dataset.source, JointSource):
        return [[dataset.label, images_digest(dataset.source, images, labelled=dataset.label == LISTED)]]
    found = []
    for place, label in enumerate(dataset.name.split(JOINED)):
        part = [image for image in images if image.path.startswith(f"{place}/")]
        found.append([label, images_digest(dataset.source, part, labelled=label == LISTED)])
    return found


def some_photos(source: Source, learned: Sequence[PersonImage]) -> list[str]:
    """Return a digest of each of at most 64 images, spread evenly over those that are learned from, for the card."""
    return [_photo(source, image) for image in learned[:: -(-len(learned) // PHOTOS) or 1]]


def learned_people(training: Mapping[str, Any], dataset: Dataset) -> set[int]:
    """Return those of a dataset's training identities that a model has learned.

    Args:
        training: of the model's card.
        dataset: perhaps what it learned from.

    Raises:
        MaskreidError: it learned from a part of these people, or from a copy of this dataset that is not quite the
            same, or from some of these very photos, and nobody knows from whom.
    """
    here, found = datasets_of(dataset), set[int]()
    refuse_other_split(training, dataset)
    images = dataset.training_images()
    photos = cache(lambda: {_photo(dataset.source, image) for image in images})  # all are read: only where it matters
    for entry in _lineage(training):
        there = _datasets(entry)
        same = [_same(*pair) for pair in zip(there, here, strict=False)]
        if here and len(there) == len(here) and all(same):
            recipe = entry.get("recipe", {})
            share = recipe.get("data", {}).get("held_out", 0)
            learned, _ = split_identities(dataset.splits["train"], float(share), recipe.get("seed", 0))
            found |= {image.identity for image in learned}
        elif any(_same(a, b) or _same_numbers(a, b) for a in there for b in here) or (
            photos() & set(entry["photos"])
            if "photos" in entry
            else {label for label, _ in there} & {label for label, _ in here} & {LISTED}
        ):
            raise MaskreidError(
                f"{dataset.source.name}: the model learned from {entry['data']}, and nobody can tell here which of "
                "these people; name exactly these datasets, in this order and without a change, or other people (by "
                "a CSV where they only lie in the same layout)"
            )
    return found


def refuse_other_split(training: Mapping[str, Any], dataset: Dataset) -> None:
    """Refuse a dataset of which a model has learned, or was adapted to, another random split.

    Raises:
        MaskreidError: it has, and so knows some of this split's people.
    """
    seen = [data for entry in _lineage(training) for data in (entry, *entry.get("adapted", ()))]
    for label, _ in (pair for entry in seen for pair in _datasets(entry)):
        for mine in dataset.label.split(JOINED):
            name, random, _ = mine.partition(RANDOM)
            if random and label != mine and label.startswith(name + RANDOM):
                raise MaskreidError(
                    f"{dataset.source.name}: the model learned from {label} and so knows people of {mine}; "
                    "take its own split"
                )


def learned_before(trainings: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return how models were trained, and all before them, each once, for the card of a model that comes of them.

    Args:
        trainings: of these models' cards.
    """
    found: list[dict[str, Any]] = []
    for training in trainings:
        for alone in map(_alone, _lineage(training)):
            if alone not in found:
                found.append(alone)
    return found


def comes_of(training: Mapping[str, Any], start: Mapping[str, Any]) -> bool:
    """Return whether a model, by what its card says of its training, was trained from another or taught by it."""
    _, *earlier = map(_alone, _lineage(training))
    return _alone(start) in earlier


def _alone(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return how a model was trained, without all before it."""
    return {key: value for key, value in entry.items() if key not in LINKS}


def _lineage(training: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield what was trained, and all that it started from or was taught by."""
    yield training
    nested = filter(None, (training.get("init"), *training.get("teachers", ())))
    for before in (*training.get("before", ()), *nested):
        yield from _lineage(before)


def _datasets(entry: Mapping[str, Any]) -> list[list[str]]:
    """Return the (label, digest) of an entry; digests are empty in cards from before there were any."""
    if "datasets" not in entry:
        return [[label, ""] for label in str(entry.get("data", "")).split(JOINED) if label]
    found: list[list[str]] = entry["datasets"]
    return found


def _photo(source: Source, image: PersonImage) -> str:
    return hashlib.sha256(source.read(image.path)).hexdigest()[:16]


def _same(a: Sequence[str], b: Sequence[str]) -> bool:
    return a[1] == b[1] if a[1] and b[1] else a[0] == b[0]


def _same_numbers(a: Sequence[str], b: Sequence[str]) -> bool:
    """Whether two (label, digest) may be copies of one published dataset, of which one was changed."""
    return a[0] == b[0] and a[0] not in OWN_NUMBERS
