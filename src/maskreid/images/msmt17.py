"""MSMT17 (Wei et al., CVPR 2018): 4,101 persons, 15 cameras, V1 and V2 (the same images with blurred faces).

Lists such as ``list_train.txt`` hold lines ``0000/0000_000_01_0303morning_0008_0.jpg 0``: path and label, where the
third field of the name is the camera. Training takes ``list_train.txt`` only; ``list_val.txt``, other images of the
same persons, is the split "val".
"""

from __future__ import annotations

from maskreid.errors import MaskreidError
from maskreid.images.layout import Format, Tree, base, join
from maskreid.images.records import Dataset, PersonImage
from maskreid.images.source import Source

LISTS = {"train": "list_train.txt", "val": "list_val.txt", "query": "list_query.txt", "gallery": "list_gallery.txt"}
LEARNED = ("train", "mask_train_v2")  # "mask" is the authors' word for blurred faces
TESTED = ("test", "mask_test_v2")
# Training and test labels both start at 0 and mean different persons, while identities start at 1.
TRAINING_PERSONS = 1041


def _find(tree: Tree, forced: bool) -> list[str]:
    return [
        root for root in tree.holding(*LEARNED, *TESTED) if any(tree.has(join(root, name)) for name in LISTS.values())
    ]


def _load(source: Source, tree: Tree, root: str, _: int) -> Dataset:
    splits = {}
    for split, name in LISTS.items():
        if tree.has(join(root, name)):
            images = _read_list(source, tree, root, split, name)
            if images:
                splits[split] = images
    used = {image.path for images in splits.values() for image in images} | {join(root, n) for n in LISTS.values()}
    return Dataset("msmt17", source, splits, tree.ignored(root, used, lambda member: "image that no list names"))


def _read_list(source: Source, tree: Tree, root: str, split: str, name: str) -> tuple[PersonImage, ...]:
    training = split in ("train", "val")
    names = LEARNED if training else TESTED
    folder = next((join(root, name) for name in names if join(root, name) in tree.folders), None)
    where = f"{source.name}: {join(root, name)}"
    if folder is None:
        raise MaskreidError(
            f"{where} is there but its images are not; expected a folder {' or '.join(names)} beside it"
        )
    members = set(tree.below(folder))
    images = []
    for number, line in enumerate(source.read(join(root, name)).decode("utf-8", "replace").splitlines(), 1):
        if not line.strip():
            continue
        path, _, label = line.strip().rpartition(" ")
        fields = base(path).split("_")
        if not label.isdecimal() or len(fields) < 3 or not fields[2].isdecimal():
            raise MaskreidError(
                f"{where}, line {number}: expected a line such as "
                f"0000/0000_000_01_0303morning_0008_0.jpg 0, found {line.strip()!r}"
            )
        member = join(folder, path)
        if member not in members:
            raise MaskreidError(f"{where}, line {number}: there is no {member}; unpack or copy the dataset again")
        if training and int(label) >= TRAINING_PERSONS:
            raise MaskreidError(
                f"{where}, line {number}: label is {label}; expected 0 to {TRAINING_PERSONS - 1} in a training list"
            )
        identity = int(label) + 1 + (0 if training else TRAINING_PERSONS)
        images.append(PersonImage(member, identity, camera=int(fields[2])))
    return tuple(sorted(images, key=lambda image: image.path))


MSMT17 = Format(
    "msmt17",
    "list_train.txt, list_query.txt ... beside train and test (or mask_train_v2 and mask_test_v2)",
    _find,
    _load,
)
