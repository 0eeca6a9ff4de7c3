"""VIPeR (Gray et al., PETS 2007): 632 persons, one image in each of 2 cameras; half of them to learn from.

Names are ``<identity>_<angle>.bmp`` in ``cam_a`` and ``cam_b``, or ``<identity:4><camera:4>.png`` in one folder.
"""

from __future__ import annotations

import re
from collections import Counter

from maskreid.images.drawn import ONE_SIDED, as_dataset, part_people
from maskreid.images.layout import Format, Tree, base, join
from maskreid.images.records import Dataset, PersonImage
from maskreid.images.source import Source

CAMERAS = {"cam_a": 1, "cam_b": 2}
FEWEST = 2  # people in both cameras
IN_CAMERA = re.compile(r"(\d{3,4})_\d{1,3}\.(bmp|png|jpg)", re.IGNORECASE)
IN_ONE_FOLDER = re.compile(r"(\d{4})000([12])\.(bmp|png|jpg)", re.IGNORECASE)


def _find(tree: Tree, forced: bool) -> list[str]:
    return [
        root
        for root in sorted(tree.folders)
        if all(any(_in_camera(tree, root, folder)) for folder in CAMERAS) or _in_one_folder(tree, root, forced)
    ]


def _in_one_folder(tree: Tree, root: str, forced: bool) -> bool:
    """Whether a folder is VIPeR's: frames of a video have such numbers too, but not twice each, for some people."""
    if forced:
        return any(IN_ONE_FOLDER.fullmatch(base(member)) for member in tree.images(root))
    seen = Counter(match[1] for match in tree.named(root, IN_ONE_FOLDER))
    return sum(count == len(CAMERAS) for count in seen.values()) >= FEWEST


def _load(source: Source, tree: Tree, root: str, split: int) -> Dataset:
    found = [
        (member, int(match[1]), camera)
        for folder, camera in CAMERAS.items()
        for member, match in _in_camera(tree, root, folder)
    ]
    for member in tree.images(root):
        match = IN_ONE_FOLDER.fullmatch(base(member))
        if match:
            found.append((member, int(match[1]), int(match[2])))
    numbers = {number: place for place, number in enumerate(sorted({number for _, number, _ in found}), 1)}
    images = sorted((PersonImage(member, numbers[n], camera) for member, n, camera in found), key=lambda i: i.path)
    splits = part_people(images, len(numbers) // 2, split)
    return as_dataset("viper", source, tree, root, splits, split, f"other image, or {ONE_SIDED}")


def _in_camera(tree: Tree, root: str, folder: str) -> list[tuple[str, re.Match[str]]]:
    matches = ((member, IN_CAMERA.fullmatch(base(member))) for member in tree.images(join(root, folder)))
    return [(member, match) for member, match in matches if match]


VIPER = Format(
    "viper", "cam_a and cam_b with names such as 001_45.bmp; or names such as 00010001.png", _find, _load, drawn=True
)
