"""Random splits of the small datasets, as DGD's authors made them (Xiao et al., CVPR 2016).

Some people are learned from. Of each of the others, camera 1 asks (query) and camera 2 answers (gallery). Theirs were
drawn without a seed and are lost; ours follow from the number of the split.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from maskreid.images.layout import Tree
from maskreid.images.records import Dataset, PersonImage
from maskreid.images.source import Source

QUERY_CAMERA, GALLERY_CAMERA = 1, 2
ONE_SIDED = "image of a test person who is not in both cameras"

Splits = dict[str, tuple[PersonImage, ...]]


def part_people(images: Sequence[PersonImage], learned: int, split: int) -> Splits:
    """Draw who is learned from and who is searched for.

    Args:
        images: of cameras 1 and 2.
        learned: how many people go to "train".
        split: the number of the split; the same people and number give the same split.

    Returns:
        "train", "query" and "gallery". Test people who are not in both cameras are in none.
    """
    people = sorted({image.identity for image in images})
    order = np.random.default_rng((split, 0)).permutation(len(people))
    train = {people[i] for i in order[:learned]}
    seen = {(image.identity, image.camera) for image in images}
    tested = {
        person
        for person in people
        if person not in train and {(person, QUERY_CAMERA), (person, GALLERY_CAMERA)} <= seen
    }
    return {
        "train": tuple(image for image in images if image.identity in train),
        "query": tuple(i for i in images if i.identity in tested and i.camera == QUERY_CAMERA),
        "gallery": tuple(i for i in images if i.identity in tested and i.camera == GALLERY_CAMERA),
    }


def draw_cameras(views: Mapping[int, Sequence[Sequence[str]]], split: int) -> list[PersonImage]:
    """Make two cameras where a dataset does not say: a random half of each person's views is camera 1.

    Args:
        views: by identity, groups of images that must stay together.
        split: the number of the split.
    """
    rng = np.random.default_rng((split, 1))
    images = []
    for person, groups in sorted(views.items()):
        order = rng.permutation(len(groups))
        for place, group in enumerate(order):
            camera = QUERY_CAMERA if place < len(groups) // 2 else GALLERY_CAMERA
            images += [PersonImage(member, person, camera) for member in groups[group]]
    return sorted(images, key=lambda image: image.path)


def as_dataset(name: str, source: Source, tree: Tree, root: str, splits: Splits, split: int, unused: str) -> Dataset:
    """Put the splits together; ``unused`` says why an image below ``root`` that is in none of them was left out."""
    used = {image.path for images in splits.values() for image in images}
    ignored = tree.ignored(root, used, lambda member: unused)
    return Dataset(name, source, {key: images for key, images in splits.items() if images}, ignored, split=split)
