"""CUHK03 as released (Li et al., CVPR 2014): ``cuhk-03.mat``, 1,467 persons, 5 pairs of cameras, 20 official splits.

A split has 100 test persons; the others are learned from. The two cameras of each pair are camera 1, which asks, and
camera 2, which answers, as in DGD's protocol. Persons are numbered through the pairs.
"""

from __future__ import annotations

from itertools import accumulate
from pathlib import Path

from maskreid.errors import MaskreidError
from maskreid.images.cuhk03_source import KINDS, Cuhk03Source
from maskreid.images.drawn import GALLERY_CAMERA, QUERY_CAMERA
from maskreid.images.layout import Format, Tree, join
from maskreid.images.records import Dataset, PersonImage
from maskreid.images.source import Folder, Source

FILE = "cuhk-03.mat"
VIEW = 5  # columns of each camera


def _format(name: str, kinds: tuple[str, ...], *, by_name_only: bool) -> Format:
    def find(tree: Tree, forced: bool) -> list[str]:
        if by_name_only and not forced:
            return []
        return [folder for folder in sorted(tree.folders) if tree.has(join(folder, FILE))]

    def load(source: Source, tree: Tree, root: str, split: int) -> Dataset:
        if not isinstance(source, Folder):
            raise MaskreidError(f"{source.name}: {FILE} cannot be read inside a zip; unpack it and point at it")
        return read_cuhk03(source.path / root / FILE, name, kinds, split)

    return Format(name, FILE, find, load, drawn=True)


def read_cuhk03(path: Path, name: str, kinds: tuple[str, ...], split: int) -> Dataset:
    """Return one official split of the images of some kinds.

    Args:
        path: of ``cuhk-03.mat``.
        name: of the dataset.
        kinds: of `KINDS`; both are taken together, as DGD does.
        split: from 0 to 19.

    Raises:
        MaskreidError: the file cannot be read, or there is no such split.
    """
    source = Cuhk03Source(path)
    before = [0, *accumulate(source.people())]  # persons of the pairs before each
    tested = {before[pair - 1] + person for pair, person in source.test_set(split)}
    images = []
    for member in source.members():
        kind, pair, name_of = member.split("/")
        person, column = map(int, name_of.removesuffix(".png").split("_"))
        if kind in kinds:
            camera = QUERY_CAMERA if column <= VIEW else GALLERY_CAMERA
            images.append(PersonImage(member, before[int(pair) - 1] + person, camera))
    splits = {
        "train": tuple(image for image in images if image.identity not in tested),
        "query": tuple(i for i in images if i.identity in tested and i.camera == QUERY_CAMERA),
        "gallery": tuple(i for i in images if i.identity in tested and i.camera == GALLERY_CAMERA),
    }
    return Dataset(name, source, {key: found for key, found in splits.items() if found}, split=split)


CUHK03 = _format("cuhk03", KINDS, by_name_only=False)
CUHK03_LABELED = _format("cuhk03-labeled", KINDS[:1], by_name_only=True)
CUHK03_DETECTED = _format("cuhk03-detected", KINDS[1:], by_name_only=True)
