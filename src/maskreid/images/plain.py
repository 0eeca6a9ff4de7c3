"""Just images, in any folders: of nobody known, under no known camera. Taken where that will do, or if asked for."""

from __future__ import annotations

from maskreid.images.layout import Format, Tree, why_ignored
from maskreid.images.records import DISTRACTOR, Dataset, PersonImage
from maskreid.images.source import Source


def _find(tree: Tree, forced: bool) -> list[str]:
    return [""] if forced and any(why_ignored(member) is None for member in tree.members) else []


def _load(source: Source, tree: Tree, root: str, _: int) -> Dataset:
    images = tuple(PersonImage(member, DISTRACTOR) for member in tree.members if why_ignored(member) is None)
    return Dataset("images", source, {"gallery": images}, tree.ignored(root, {image.path for image in images}, str))


PLAIN = Format("images", "any image", _find, _load)
