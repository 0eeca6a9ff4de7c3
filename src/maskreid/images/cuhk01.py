"""CUHK01 (Li et al., ACCV 2012): 971 persons, two images in each of 2 cameras; half of them to learn from.

Names are ``campus/<identity:4><index:3>.png``; images 1 and 2 are of camera 1, images 3 and 4 of camera 2.
"""

from __future__ import annotations

import re

from maskreid.images.drawn import ONE_SIDED, as_dataset, part_people
from maskreid.images.layout import Format, Tree, base
from maskreid.images.records import Dataset, PersonImage
from maskreid.images.source import Source

NAME = re.compile(r"(\d{4})00([1-4])\.png", re.IGNORECASE)  # i-LIDS has such names, too, but JPEG
FEWEST = 2  # people


def _find(tree: Tree, forced: bool) -> list[str]:
    folders = [folder for folder in sorted(tree.folders) if _matches(tree, folder)]
    return folders if forced else [folder for folder in folders if _is_cuhk01(tree, folder)]


def _is_cuhk01(tree: Tree, folder: str) -> bool:
    """Whether it is that: frames of a video have such numbers too, but others beside them, and begin with nobody."""
    people = {int(match[1]) for match in tree.named(folder, NAME)}
    return len(people) >= FEWEST and 0 not in people


def _load(source: Source, tree: Tree, root: str, split: int) -> Dataset:
    images = [
        PersonImage(member, int(match[1]), 1 if int(match[2]) < 3 else 2) for member, match in _matches(tree, root)
    ]
    people = len({image.identity for image in images})
    splits = part_people(images, people // 2, split)
    return as_dataset("cuhk01", source, tree, root, splits, split, f"other image, or {ONE_SIDED}")


def _matches(tree: Tree, folder: str) -> list[tuple[str, re.Match[str]]]:
    matches = ((member, NAME.fullmatch(base(member))) for member in tree.images(folder))
    return [(member, match) for member, match in matches if match]


CUHK01 = Format("cuhk01", "campus with names such as 0001001.png", _find, _load, drawn=True)
