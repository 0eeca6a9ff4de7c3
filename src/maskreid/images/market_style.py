"""Market-1501 and the datasets that took over its layout: DukeMTMC-reID and CUHK03-NP.

Folders ``bounding_box_train``, ``query``, ``bounding_box_test`` and, in Market-1501, ``gt_bbox`` for multiple
query. Names begin with identity and camera: ``0001_c1s1_000151_01.jpg``, ``0002_c1_f0044158.jpg``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath

from maskreid.images.layout import Ignored, find_root
from maskreid.images.records import Dataset, PersonImage
from maskreid.images.source import Source

FOLDERS = {"train": "bounding_box_train", "query": "query", "gallery": "bounding_box_test"}
NAME = re.compile(r"(-?\d+)_c(\d+)(?:s\d+)?_f?(\d+)")


def read_market_style(source: Source, name: str, members: list[str], extra: Mapping[str, str]) -> Dataset | None:
    """Read a Market-style tree, or return None if the three folders are not there.

    Args:
        source: where ``members`` come from.
        name: what to call the dataset.
        members: the source's files.
        extra: further splits and their folders, read where they exist.
    """
    root = find_root(members, tuple(FOLDERS.values()))
    if root is None:
        return None
    ignored = Ignored()
    folders = {**FOLDERS, **extra}
    by_folder: dict[str, list[str]] = {folder: [] for folder in folders.values()}
    masks: set[str] = set()
    for member in members:
        folder, _, rest = member.removeprefix(root).partition("/")
        if folder in by_folder and rest and member.startswith(root):
            by_folder[folder].append(member)
        elif folder.endswith("_seg"):
            masks.add(member)
    splits = {
        split: tuple(_records(ignored.images(by_folder[folder]), masks, ignored))
        for split, folder in folders.items()
        if split in FOLDERS or by_folder[folder]
    }
    return Dataset(name, source, splits, dict(ignored))


def _records(members: list[str], masks: set[str], ignored: Ignored) -> list[PersonImage]:
    records = []
    for member in members:
        path = PurePosixPath(member)
        match = NAME.match(path.name)
        if match is None:
            ignored["name without identity and camera"] += 1
            continue
        identity, camera, frame = (int(group) for group in match.groups())
        mask = str(path.parent.with_name(path.parent.name + "_seg") / f"{path.name.split('.')[0]}.png")
        records.append(PersonImage(member, identity, camera, float(frame), mask if mask in masks else None))
    return records
