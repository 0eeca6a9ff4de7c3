"""The large layouts again, as zips of empty files with as many people, images and cameras as are published."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from maskreid.images import open_dataset


def spread(images: int, people: range, cameras: int) -> Iterator[tuple[int, int, int]]:
    """Person, camera and number of each image: every person has some, every camera too."""
    for number in range(images):
        yield people[number % len(people)], number // len(people) % cameras + 1, number


def dukemtmc() -> dict[str, str]:
    folders = {
        "bounding_box_train": spread(16_522, range(1, 703), 8),
        "query": spread(2_228, range(703, 1405), 8),
        # The answers, and 408 persons whom one camera alone saw.
        "bounding_box_test": spread(17_661, range(703, 1813), 8),
    }
    return {
        f"DukeMTMC-reID/{folder}/{person:04d}_c{camera}_f{number:07d}.jpg": ""
        for folder, images in folders.items()
        for person, camera, number in images
    }


def cuhk03_np(kind: str, train: int, query: int, gallery: int) -> dict[str, str]:
    folders = {
        "bounding_box_train": spread(train, range(1, 768), 2),
        "query": spread(query, range(768, 1468), 2),
        "bounding_box_test": spread(gallery, range(768, 1468), 2),
    }
    return {
        f"cuhk03-np/{kind}/{folder}/{person:04d}_c{camera}_{number}.png": ""
        for folder, images in folders.items()
        for person, camera, number in images
    }


def msmt17() -> dict[str, str]:
    lists = {
        "list_train.txt": ("train", spread(30_248, range(1041), 15)),
        "list_val.txt": ("train", spread(2_373, range(1041), 15)),
        "list_query.txt": ("test", spread(11_659, range(3060), 15)),
        "list_gallery.txt": ("test", spread(82_161, range(3060), 15)),
    }
    files = {}
    for name, (folder, images) in lists.items():
        lines = [
            (f"{person:04d}/{person:04d}_{number:06d}_{camera:02d}_0303morning_{name[5]}_0.jpg", person)
            for person, camera, number in images
        ]
        files |= {f"MSMT17_V1/{folder}/{path}": "" for path, _ in lines}
        files[f"MSMT17_V1/{name}"] = "".join(f"{path} {person}\n" for path, person in lines)
    return files


@pytest.mark.parametrize(
    ("files", "name", "expected"),
    [
        (
            dukemtmc(),
            "dukemtmc",
            {"train": (702, 16_522, 8), "query": (702, 2_228, 4), "gallery": (1_110, 17_661, 8)},
        ),
        (
            cuhk03_np("labeled", 7_368, 1_400, 5_328),
            "cuhk03-np",
            {"train": (767, 7_368, 2), "query": (700, 1_400, 2), "gallery": (700, 5_328, 2)},
        ),
        (
            cuhk03_np("detected", 7_365, 1_400, 5_332),
            "cuhk03-np",
            {"train": (767, 7_365, 2), "query": (700, 1_400, 2), "gallery": (700, 5_332, 2)},
        ),
        (
            msmt17(),
            "msmt17",
            {
                "train": (1_041, 30_248, 15),
                "val": (1_041, 2_373, 3),
                "query": (3_060, 11_659, 4),
                "gallery": (3_060, 82_161, 15),
            },
        ),
    ],
    ids=["dukemtmc", "cuhk03-np labeled", "cuhk03-np detected", "msmt17"],
)
def test_counts(tmp_path: Path, files: dict[str, str], name: str, expected: dict[str, tuple[int, int, int]]) -> None:
    archive = tmp_path / "download.zip"
    with zipfile.ZipFile(archive, "w") as out:
        for member, content in files.items():
            out.writestr(member, content)
    dataset = open_dataset(archive)
    assert dataset.name == name
    assert not dataset.ignored
    counts = {split: dataset.counts(split) for split in dataset.splits}
    assert {split: (it.identities, it.images, it.cameras) for split, it in counts.items()} == expected
    learned = {image.identity for split in ("train", "val") for image in dataset.splits.get(split, ())}
    assert not learned & {image.identity for image in dataset.splits["gallery"]}
