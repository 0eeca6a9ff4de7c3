"""What the loaders share: a source's files by folder, what counts as an image, and what a format is."""

from __future__ import annotations

import os.path
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from maskreid.images.records import Dataset
from maskreid.images.source import Source

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp")
OTHER_PICTURES = (".heic", ".heif", ".avif", ".gif", ".jfif", ".jp2", ".dng")


class Tree:
    """The files of a source by folder. A folder is "" (the root) or "a/b", without a slash at the end."""

    def __init__(self, source: Source, members: Sequence[str] | None = None) -> None:
        """Group ``members``, which come sorted, of ``source``; None takes all of them."""
        self.source = source
        self.members = tuple(source.members() if members is None else members)
        self._files: dict[str, list[str]] = {}
        for member in self.members:
            self._files.setdefault(parent(member), []).append(member)
        self.folders = {""}
        self._inside: dict[str, list[str]] = {}
        for folder in self._files:
            while folder not in self.folders and not _is_system_file(folder):
                self.folders.add(folder)
                self._inside.setdefault(parent(folder), []).append(folder)
                folder = parent(folder)

    def images(self, folder: str) -> list[str]:
        """Return the images directly in a folder, sorted; none if there is no such folder."""
        return [member for member in self._files.get(folder, ()) if why_ignored(member) is None]

    def named(self, folder: str, name: re.Pattern[str]) -> list[re.Match[str]]:
        """Return how every image directly in a folder has a name of this kind; none if one has another."""
        found = [name.fullmatch(base(member)) for member in self.images(folder)]
        return [match for match in found if match] if all(found) else []

    def has(self, member: str) -> bool:
        """Tell whether there is such a file."""
        return member in self._files.get(parent(member), ())

    def inside(self, folder: str) -> list[str]:
        """Return the folders directly in a folder, sorted."""
        return sorted(self._inside.get(folder, ()))

    def below(self, folder: str) -> Iterator[str]:
        """Yield every file in a folder and in the folders inside it."""
        prefix = f"{folder}/" if folder else ""
        return (member for member in self.members if member.startswith(prefix))

    def holding(self, *names: str) -> list[str]:
        """Return the folders, sorted, that hold a folder of one of these names."""
        return sorted({parent(folder) for folder in self.folders if base(folder) in names})

    def ignored(self, folder: str, used: set[str], why: Callable[[str], str]) -> dict[str, int]:
        """Count the files below ``folder`` that are not ``used``, by reason; ``why`` gives an image's reason."""
        unused = (member for member in self.below(folder) if member not in used)
        return dict(sorted(Counter(why_ignored(member) or why(member) for member in unused).items()))


@dataclass(frozen=True)
class Format:
    """One way in which datasets lie on disk.

    Attributes:
        name: what people call it: ``--format NAME``.
        looks_for: what tells that a folder is one, for messages.
        find: from a tree and whether the format was asked for by name, the roots of such datasets, sorted.
        load: from source, tree, root and the number of the random split, the dataset.
        drawn: its people are parted at random; otherwise there is one split, number 0.
    """

    name: str
    looks_for: str
    find: Callable[[Tree, bool], list[str]]
    load: Callable[[Source, Tree, str, int], Dataset]
    drawn: bool = False


def parent(member: str) -> str:
    """Return the folder that a file or folder is in."""
    return member.rpartition("/")[0]


def base(member: str) -> str:
    """Return a file's or folder's own name."""
    return member.rpartition("/")[2]


def join(folder: str, name: str) -> str:
    """Return the path of ``name`` in ``folder``, which may be the root."""
    return f"{folder}/{name}" if folder else name


def own_numbering(source: Source, inside: str) -> str:
    """Return `Dataset.numbering` of people who are numbered in this file or folder of a source only."""
    return os.path.abspath(join(source.name, inside))


# How the reasons begin for which nobody expects a file to be read.
UNSURPRISING = ("not an image", "hidden file", "left by the operating system")


def why_ignored(member: str) -> str | None:
    """Say why a file is no image to read, or None if it is one."""
    name = base(member)
    if _is_system_file(member):
        return "left by the operating system (__MACOSX, ._*, Thumbs.db)"
    if any(part.startswith(".") and part != "." for part in member.split("/")):  # .thumbnails, .Trash-1000
        return "hidden file"
    if name.lower().endswith(OTHER_PICTURES):
        return f"picture of a kind that is not read ({PurePosixPath(name).suffix.lower()}), save it as JPEG"
    if not name.lower().endswith(IMAGE_SUFFIXES):
        return f"not an image ({PurePosixPath(name).suffix.lower() or 'no suffix'})"
    return None


def bare(member: str) -> str:
    """Return a file's name without its image suffix, or both of them: "a" for "a.jpg.jpg"."""
    name = base(member)
    while name.lower().endswith(IMAGE_SUFFIXES):
        name = name.rpartition(".")[0]
    return name


def masks_by_name(members: Iterable[str]) -> dict[str, str]:
    """Return mask files by the name of the image they belong to, as `bare` gives it."""
    return {bare(member): member for member in members}


def _is_system_file(member: str) -> bool:
    name = base(member)
    return (
        "__MACOSX" in member.split("/")
        or name.startswith("._")
        or name.lower() in ("thumbs.db", "desktop.ini", ".ds_store")
    )
