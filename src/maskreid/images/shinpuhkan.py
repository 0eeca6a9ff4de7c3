"""Shinpuhkan 2014 (Kawanishi et al., FCV 2014): 24 persons, 16 cameras, for training only.

Names are ``images/<identity:3>_<camera:2><...>.jpg``.
"""

from __future__ import annotations

import re

from maskreid.images.layout import Format, Tree, base, join
from maskreid.images.records import Dataset, PersonImage
from maskreid.images.source import Source

FOLDER = "images"
NAME = re.compile(r"(\d{3})_(\d{2})_.*\.jpg", re.IGNORECASE)


def _find(tree: Tree, forced: bool) -> list[str]:
    return [root for root in tree.holding(FOLDER) if _matches(tree, root)]


def _load(source: Source, tree: Tree, root: str, _: int) -> Dataset:
    images = tuple(PersonImage(member, int(match[1]), int(match[2])) for member, match in _matches(tree, root))
    ignored = tree.ignored(root, {image.path for image in images}, lambda member: "other image")
    return Dataset("shinpuhkan", source, {"train": images}, ignored)


def _matches(tree: Tree, root: str) -> list[tuple[str, re.Match[str]]]:
    matches = ((member, NAME.fullmatch(base(member))) for member in tree.images(join(root, FOLDER)))
    return [(member, match) for member, match in matches if match]


SHINPUHKAN = Format("shinpuhkan", "images with names such as 001_01_0001.jpg", _find, _load)
