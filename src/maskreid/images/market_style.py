"""The layout of Market-1501, which DukeMTMC-reID and CUHK03-NP took over.

Folders ``bounding_box_train``, ``query``, ``bounding_box_test`` and, in Market-1501, ``gt_bbox`` for multiple query;
masks in a sibling ``<folder>_seg/<stem>.png`` (Song et al., CVPR 2018) come along.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from maskreid.images.layout import Format, Tree, bare, base, join, masks_by_name, parent
from maskreid.images.records import Dataset, PersonImage
from maskreid.images.source import Source

FOLDERS = {"train": "bounding_box_train", "query": "query", "gallery": "bounding_box_test", "multi_query": "gt_bbox"}
SUFFIX = r"(?:\.(?:jpe?g|png|bmp|tiff?|webp)){1,2}"  # some copies have .jpg.jpg


def market_style(name: str, stem: str, example: str) -> Format:
    """Describe a dataset in this layout.

    Args:
        name: of the format.
        stem: pattern of a whole file name without suffix, with groups ``identity``, ``camera`` and maybe ``time``.
        example: a file name, for messages.
    """
    pattern = re.compile(stem + SUFFIX, re.IGNORECASE)

    def find(tree: Tree, forced: bool) -> list[str]:
        roots = tree.holding(FOLDERS["train"], FOLDERS["gallery"])
        return [root for root in roots if any(map(pattern.fullmatch, _names(tree, root)))]

    def load(source: Source, tree: Tree, root: str, _: int) -> Dataset:
        splits = {split: _records(tree, join(root, folder), pattern) for split, folder in FOLDERS.items()}
        queried = {image.identity for image in splits["query"]}
        splits["multi_query"] = [image for image in splits["multi_query"] if image.identity in queried]
        used = {path for images in splits.values() for image in images for path in (image.path, image.mask) if path}
        folders = {join(root, folder) for folder in FOLDERS.values()}

        def why(member: str) -> str:
            if parent(member) not in folders:
                return f"image outside {', '.join(FOLDERS.values())}"
            if not pattern.fullmatch(base(member)):
                return f"image whose name is not like {example}"
            return "gt_bbox box of a person who is no query"

        return Dataset(
            name,
            source,
            {split: tuple(images) for split, images in splits.items() if images},
            tree.ignored(root, used, why),
        )

    return Format(name, f"bounding_box_train, query, bounding_box_test with names such as {example}", find, load)


def _names(tree: Tree, root: str) -> Iterable[str]:
    return (base(member) for folder in FOLDERS.values() for member in tree.images(join(root, folder)))


def _records(tree: Tree, folder: str, pattern: re.Pattern[str]) -> list[PersonImage]:
    masks = masks_by_name(tree.images(f"{folder}_seg"))
    records = []
    for member in tree.images(folder):
        match = pattern.fullmatch(base(member))
        if match:
            found = match.groupdict()
            time = found.get("time")
            records.append(
                PersonImage(
                    member,
                    identity=int(found["identity"]),
                    camera=int(found["camera"]),
                    time=float(time) if time else None,
                    mask=masks.get(bare(member)),
                )
            )
    return records
