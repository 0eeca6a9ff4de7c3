"""What the loaders share: finding a dataset's root among a source's members, and counting what is passed over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp")


def find_root(members: Iterable[str], folders: Sequence[str]) -> str | None:
    """Return the prefix under which all ``folders`` stand: "" or "NAME/"; None if nowhere.

    The dataset's own folder and the folder above it are both accepted; of several candidates the first by name wins.
    """
    found: dict[str, set[str]] = {}
    for member in members:
        parts = member.split("/")
        for depth in range(min(2, len(parts) - 1)):
            if parts[depth] in folders:
                found.setdefault("".join(f"{p}/" for p in parts[:depth]), set()).add(parts[depth])
    roots = sorted(root for root, names in found.items() if names >= set(folders))
    return roots[0] if roots else None


def why_ignored(member: str) -> str | None:
    """Say why a file is no image to read, or None if it is one."""
    name = PurePosixPath(member).name
    if name.startswith("._") or "__MACOSX" in member:
        return "macOS metadata"
    if name.startswith("."):
        return "hidden file"
    if not name.lower().endswith(IMAGE_SUFFIXES):
        return f"not an image ({PurePosixPath(member).suffix.lower() or 'no suffix'})"
    return None


class Ignored(Counter[str]):
    """Reasons and counts of passed-over files."""

    def images(self, members: Iterable[str]) -> list[str]:
        """Return the images among ``members`` and count the rest."""
        kept = []
        for member in members:
            reason = why_ignored(member)
            if reason is None:
                kept.append(member)
            else:
                self[reason] += 1
        return kept
