"""PRID 2011 (Hirzer et al., SCIA 2011): 385 persons under camera A, 749 under camera B, persons 1-200 under both.

100 of the 200 are searched for among the 649 of camera B who are not learned from; the other 100 and A's 201-385 are
learned from: ten random frames of each camera where ``multi_shot`` has them, else the one of ``single_shot``.

Names are ``single_shot/cam_a/person_0001.png`` and ``multi_shot/cam_a/person_0001/0001.png``.
"""

from __future__ import annotations

import re

import numpy as np

from maskreid.images.drawn import as_dataset, part_people
from maskreid.images.layout import Format, Tree, base, join
from maskreid.images.records import Dataset, PersonImage
from maskreid.images.source import Source

SINGLE, MULTI = "single_shot", "multi_shot"
CAMERAS = {"cam_a": 1, "cam_b": 2}
PERSON = re.compile(r"person_(\d{4})(?:\.(?:png|jpg|bmp))?", re.IGNORECASE)
SHARED = 200  # persons 1-200 are the same under both cameras; the numbers above are not
ONLY_B = 1000  # added to the numbers above 200 of camera B
FRAMES = 10


def _find(tree: Tree, forced: bool) -> list[str]:
    return [root for root in tree.holding(SINGLE) if _single(tree, root)]


def _load(source: Source, tree: Tree, root: str, split: int) -> Dataset:
    single = _single(tree, root)
    shared = [image for image in single if image.identity <= SHARED]
    splits = part_people(shared, len({image.identity for image in shared}) // 2, split)
    only_a = [image for image in single if SHARED < image.identity <= ONLY_B]
    only_b = [image for image in single if image.identity > ONLY_B]
    learned = {image.identity for image in (*splits["train"], *only_a)}
    frames = _frames(tree, root, learned, split)
    filmed = {(image.identity, image.camera) for image in frames}
    shots = (image for image in (*splits["train"], *only_a) if (image.identity, image.camera) not in filmed)
    train = [*frames, *sorted(shots, key=lambda image: image.path)]
    splits |= {"train": tuple(train), "gallery": (*splits["gallery"], *only_b)}
    return as_dataset("prid2011", source, tree, root, splits, split, "shot of a person that the split has otherwise")


def _single(tree: Tree, root: str) -> list[PersonImage]:
    images = []
    for folder, camera in CAMERAS.items():
        for member in tree.images(join(root, f"{SINGLE}/{folder}")):
            match = PERSON.fullmatch(base(member))
            if match:
                images.append(PersonImage(member, _identity(int(match[1]), camera), camera))
    return images


def _frames(tree: Tree, root: str, people: set[int], split: int) -> list[PersonImage]:
    rng = np.random.default_rng((split, 2))
    images = []
    for folder, camera in CAMERAS.items():
        for person in tree.inside(join(root, f"{MULTI}/{folder}")):
            match = PERSON.fullmatch(base(person))
            identity = _identity(int(match[1]), camera) if match else 0
            if identity in people:
                members = tree.images(person)
                chosen = sorted(rng.permutation(len(members))[:FRAMES])
                images += [PersonImage(members[i], identity, camera) for i in chosen]
    return images


def _identity(number: int, camera: int) -> int:
    return number + ONLY_B if camera == CAMERAS["cam_b"] and number > SHARED else number


PRID2011 = Format("prid2011", "single_shot/cam_a with names such as person_0001.png", _find, _load, drawn=True)
