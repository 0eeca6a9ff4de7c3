"""One folder for each person: ``ROOT/<person>/*.jpg``, or ``ROOT/{train,query,gallery}/<person>/*.jpg``.

Without split folders everything is the split "train". A ``_c<number>`` in a file name is its camera. Persons are
numbered from 1 in the order of their names, which `Dataset.identity_names` keeps.
"""

from __future__ import annotations

import re

from maskreid.images.layout import Format, Tree, base, join, own_numbering, parent
from maskreid.images.records import DISTRACTOR, JUNK, UNKNOWN_CAMERA, Dataset, PersonImage
from maskreid.images.source import Source

# The first folder that is there wins; train_all and multi-query are names of layumi/Person_reID_baseline_pytorch.
SPLIT_FOLDERS = {
    "train": ("train", "train_all"),
    "val": ("val",),
    "query": ("query",),
    "gallery": ("gallery",),
    "multi_query": ("multi-query", "multi_query"),
}
CAMERA = re.compile(r"_c(\d{1,9})(?!\d)", re.IGNORECASE)  # more digits are a date
NO_PERSON = re.compile(
    r"cam(era)?[-_ ]?\w{1,2}|bounding_box_\w+|gt_bbox|query|images?|labeled|detected", re.IGNORECASE
)


def _find(tree: Tree, forced: bool) -> list[str]:
    names = [name for names in SPLIT_FOLDERS.values() for name in names]
    split = [root for root in tree.holding(*names) if any(_persons(tree, join(root, name)) for name in names)]
    if split:
        return split
    persons = [folder for folder in tree.folders if folder and tree.images(folder)]
    roots = sorted({parent(folder) for folder in persons})
    if forced:
        return roots
    # Folders of images are everywhere; only several folders that could be persons are taken for a dataset unasked.
    likely = [root for root in roots if len(_persons(tree, root)) > 1]
    return [root for root in likely if not any(NO_PERSON.fullmatch(base(person)) for person in _persons(tree, root))]


def _load(source: Source, tree: Tree, root: str, _: int) -> Dataset:
    folders = {
        split: join(root, name)
        for split, names in SPLIT_FOLDERS.items()
        for name in [next((name for name in names if _persons(tree, join(root, name))), None)]
        if name
    } or {"train": root}
    found = {split: _persons(tree, folder) for split, folder in folders.items()}
    numbers = _number(found)
    splits = {
        split: tuple(
            PersonImage(member, numbers[base(person)], _camera(member))
            for person in persons
            for member in tree.images(person)
        )
        for split, persons in found.items()
    }
    used = {image.path for images in splits.values() for image in images}
    names = {number: name for name, number in numbers.items() if number > 0}
    ignored = tree.ignored(root, used, lambda member: "image in no person's folder")
    return Dataset("folders", source, splits, ignored, names, numbering=own_numbering(source, root))


def _persons(tree: Tree, folder: str) -> list[str]:
    return [inner for inner in tree.inside(folder) if tree.images(inner)] if folder in tree.folders else []


def _number(found: dict[str, list[str]]) -> dict[str, int]:
    """Number the persons from 1; "-1" and "0000", if only in the gallery, are Market-1501's junk and distractors."""
    where: dict[str, set[str]] = {}
    for split, persons in found.items():
        for person in persons:
            where.setdefault(base(person), set()).add(split)
    nobody = {"-1": JUNK, "0000": DISTRACTOR}
    numbers = {name: nobody[name] for name, splits in where.items() if name in nobody and splits == {"gallery"}}
    people = sorted(set(where) - set(numbers))
    return {**numbers, **{name: number for number, name in enumerate(people, 1)}}


def _camera(member: str) -> int:
    match = CAMERA.search(base(member))
    return int(match[1]) if match else UNKNOWN_CAMERA


FOLDERS = Format("folders", "a folder for each person, or train, query, gallery with such folders", _find, _load)
