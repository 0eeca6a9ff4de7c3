"""i-LIDS (Zheng et al., BMVC 2009): 119 persons, 476 images, cameras unknown; half of the persons to learn from.

Names are ``Persons/<identity:4><index:3>.jpg``. A random half of each person's images stands for a second camera.
"""

from __future__ import annotations

import re
from collections import Counter

from maskreid.images.drawn import ONE_SIDED, as_dataset, draw_cameras, part_people
from maskreid.images.layout import Format, Tree, base
from maskreid.images.records import Dataset
from maskreid.images.source import Source

NAME = re.compile(r"(\d{4})(\d{3})\.jpg", re.IGNORECASE)  # CUHK01 has such names, too, but PNG
FEWEST, MOST = 2, 20  # people; images of one person, of whom the dataset has eight at most


def _find(tree: Tree, forced: bool) -> list[str]:
    named = [folder for folder in sorted(tree.folders) if any(map(NAME.fullmatch, map(base, tree.images(folder))))]
    return named if forced else [folder for folder in named if _is_ilids(tree, folder)]


def _is_ilids(tree: Tree, folder: str) -> bool:
    """Whether it is that: frames of a video have such numbers too, but begin with nobody and go on with hundreds."""
    seen = Counter(int(match[1]) for match in tree.named(folder, NAME))
    return len(seen) >= FEWEST and 0 not in seen and max(seen.values()) <= MOST


def _load(source: Source, tree: Tree, root: str, split: int) -> Dataset:
    views: dict[int, list[list[str]]] = {}
    for member in tree.images(root):
        match = NAME.fullmatch(base(member))
        if match:
            views.setdefault(int(match[1]), []).append([member])
    splits = part_people(draw_cameras(views, split), len(views) // 2, split)
    return as_dataset("ilids", source, tree, root, splits, split, f"other image, or {ONE_SIDED}")


ILIDS = Format("ilids", "Persons with names such as 0001001.jpg", _find, _load, drawn=True)
