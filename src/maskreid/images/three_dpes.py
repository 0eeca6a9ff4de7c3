"""3DPeS (Baltieri et al., J-HGBU 2011): 193 persons seen in several views; all but 100 of them to learn from.

Names are ``RGB/<identity>_<view>_<...>.bmp``. A random half of each person's views stands for a second camera, so
test persons with one view only drop out.
"""

from __future__ import annotations

import re

from maskreid.images.drawn import ONE_SIDED, as_dataset, draw_cameras, part_people
from maskreid.images.layout import Format, Tree, base, join
from maskreid.images.records import Dataset
from maskreid.images.source import Source

FOLDER = "RGB"
NAME = re.compile(r"(\d+)_(\d+)_.*\.bmp", re.IGNORECASE)
TEST_PEOPLE = 100


def _find(tree: Tree, forced: bool) -> list[str]:
    return [root for root in tree.holding(FOLDER) if any(map(NAME.fullmatch, _names(tree, root)))]


def _load(source: Source, tree: Tree, root: str, split: int) -> Dataset:
    views: dict[int, dict[int, list[str]]] = {}
    for member in tree.images(join(root, FOLDER)):
        match = NAME.fullmatch(base(member))
        if match:
            views.setdefault(int(match[1]), {}).setdefault(int(match[2]), []).append(member)
    # The data's own numbers are sparse, and one of them may be 0.
    numbered = {number: list(groups.values()) for number, (_, groups) in enumerate(sorted(views.items()), 1)}
    splits = part_people(draw_cameras(numbered, split), max(0, len(numbered) - TEST_PEOPLE), split)
    return as_dataset("3dpes", source, tree, root, splits, split, f"other image, or {ONE_SIDED}")


def _names(tree: Tree, root: str) -> list[str]:
    return [base(member) for member in tree.images(join(root, FOLDER))]


THREE_DPES = Format("3dpes", "RGB with names such as 1_1_45.bmp", _find, _load, drawn=True)
