"""Which dataset is this? Try every layout, or the one that is named."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from maskreid.errors import MaskreidError, did_you_mean
from maskreid.images.csvfile import CSV
from maskreid.images.cuhk01 import CUHK01
from maskreid.images.cuhk03 import CUHK03, CUHK03_DETECTED, CUHK03_LABELED
from maskreid.images.cuhk03 import FILE as CUHK03_FILE
from maskreid.images.cuhk03np import CUHK03_NP
from maskreid.images.dukemtmc import DUKEMTMC
from maskreid.images.folders import FOLDERS
from maskreid.images.ilids import ILIDS
from maskreid.images.layout import Format, Tree, join, why_ignored
from maskreid.images.market1501 import MARKET1501
from maskreid.images.msmt17 import MSMT17
from maskreid.images.plain import PLAIN
from maskreid.images.prid2011 import PRID2011
from maskreid.images.records import Dataset
from maskreid.images.shinpuhkan import SHINPUHKAN
from maskreid.images.source import Folder, Source, open_source
from maskreid.images.three_dpes import THREE_DPES
from maskreid.images.viper import VIPER

# Each group is tried where the groups before it found nothing: published layouts are known by their names, of folders
# or of every image; a CSV says what it is, and folders of images could be anything.
GROUPS = (
    (MARKET1501, DUKEMTMC, MSMT17, CUHK03_NP),
    (CUHK03, CUHK03_LABELED, CUHK03_DETECTED),
    (VIPER, PRID2011, CUHK01, ILIDS, THREE_DPES, SHINPUHKAN),
    (CSV,),
    (FOLDERS,),
    (PLAIN,),
)
FORMATS: dict[str, Format] = {format.name: format for group in GROUPS for format in group}


def open_dataset(path: str | Path, format: str | None = None, *, split: int = 0, anything: bool = False) -> Dataset:
    """Open a dataset from its folder, the folder above it, its zip as downloaded, or its CSV file.

    Only names are read, no image. Inside a zip that holds several datasets, one is pointed at as in a folder:
    ``cuhk03-np.zip/labeled``.

    Args:
        path: the folder, zip, CSV file or ``cuhk-03.mat``.
        format: one of `FORMATS`; None finds out.
        split: which of the random splits, for the datasets whose people are parted at random (VIPeR, PRID 2011,
            CUHK01, i-LIDS, 3DPeS) or officially (CUHK03). The same number is the same split everywhere.
        anything: where no layout is known, take all images there are, or the one image that ``path`` is, as format
            ``images``: of nobody known.

    Raises:
        MaskreidError: nothing is there, it has none of the known layouts, there are several datasets, or a split
            other than 0 is asked of a dataset that has one only.
    """
    if format is not None and format not in FORMATS:
        near = did_you_mean(format, FORMATS)
        raise MaskreidError(f"unknown dataset format {format!r}: expected {', '.join(FORMATS)}{near}")
    path = Path(path)
    if path.is_file() and path.suffix.lower() == ".csv":
        if format not in (None, CSV.name):
            raise MaskreidError(f"{path}: a CSV file is format csv, not {format}; leave the format out")
        source: Source = Folder(path.parent)
        return _load(CSV, source, Tree(source), path.name, split)
    if path.is_file() and path.name == CUHK03_FILE:
        path = path.parent
    if anything and is_image_file(path):
        return open_images(path.parent, [path.name], split=split)
    source, inside = _open(path)
    tree = Tree(source)
    found = _find(tree, format, inside)
    if not found and anything and format is None:
        inner = Tree(source, [member for member in tree.members if not inside or member.startswith(f"{inside}/")])
        found = [(PLAIN, root) for root in PLAIN.find(inner, True)]
        tree = inner
    found = _outermost(found)
    if len(found) == 1:
        it, root = found[0]
        return _load(it, source, tree, root, split)
    if found:
        listed = "; ".join(f"{root or 'the top'} ({it.name})" for it, root in found[:6])
        below = next((root for _, root in found if root), None)
        advice = f"point at one of them, such as {join(source.name, below)}" if below else "say which with --format"
        raise MaskreidError(f"{path}: there are {len(found)} datasets: {listed}; {advice}")
    raise MaskreidError(_nothing_found(path, tree, format))


def open_images(folder: str | Path, names: Sequence[str], *, split: int = 0) -> Dataset:
    """Return some image files of a folder, as format ``images``: of nobody known; ``split`` as for `open_dataset`."""
    source = Folder(folder)
    return _load(PLAIN, source, Tree(source, sorted(set(names))), "", split)


def is_image_file(path: str | Path) -> bool:
    """Whether ``path`` is a file with the name of an image."""
    return Path(path).is_file() and why_ignored(Path(path).name) is None


def _load(format: Format, source: Source, tree: Tree, root: str, split: int) -> Dataset:
    if split < 0 or (split and not format.drawn):
        only = "splits are numbered from 0" if format.drawn else f"{format.name} has one split only, number 0"
        raise MaskreidError(f"{source.name}: split is {split}; {only}")
    return format.load(source, tree, root, split)


def _find(tree: Tree, format: str | None, inside: str) -> list[tuple[Format, str]]:
    for group in GROUPS if format is None else ((FORMATS[format],),):
        roots = [(it, root) for it in group for root in it.find(tree, format is not None)]
        found = [(it, root) for it, root in roots if not inside or _is_in(root, inside)]
        if found:
            return found
    return []


def _outermost(found: list[tuple[Format, str]]) -> list[tuple[Format, str]]:
    """Of a dataset and what lies inside it, such as masks that were made there, return the dataset alone."""
    roots = [root for _, root in found]
    for it, root in found:
        if (
            all(not root or other.startswith(f"{root}/") for other in roots if other != root)
            and roots.count(root) == 1
        ):
            return [(it, root)]
    return found


def _open(path: Path) -> tuple[Source, str]:
    """Return the source, and which folder inside it is meant if ``path`` goes on behind a zip."""
    if not path.exists():
        for above in path.parents:
            if above.is_file():
                return open_source(above), path.relative_to(above).as_posix()
    return open_source(path), ""


def _is_in(root: str, inside: str) -> bool:
    return f"/{root}/".endswith(f"/{inside}/") or f"{root}/".startswith(f"{inside}/")


def _nothing_found(path: Path, tree: Tree, format: str | None) -> str:
    tops = sorted({member.partition("/")[0] + ("/" if "/" in member else "") for member in tree.members})
    tried = [FORMATS[format]] if format else [it for it in FORMATS.values() if it is not PLAIN]
    looked = "; ".join(f"{it.name}: {it.looks_for}" for it in tried)
    hint = (
        " (point at the folder above this one?)"
        if path.name in ("bounding_box_train", "bounding_box_test", "query", "train", "test", "gallery")
        else ""
    )
    unknown = not format and PLAIN.find(tree, True)
    plain = "; --format images takes any images, of nobody known" if unknown else ""
    return (
        f"{path}: no {format or 'known'} dataset. Found {len(tree.members)} files in "
        f"{', '.join(tops[:6]) or 'an empty folder'}{' ...' if len(tops) > 6 else ''}{hint}. Looked for "
        f"{looked}{plain}"
    )
