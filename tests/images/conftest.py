"""Tiny pictures and trees of files, made on the spot."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

MARKET = (
    "bounding_box_train/0002_c1s1_000451_03.jpg",
    "bounding_box_train/0002_c2s1_000776_01.jpg",
    "bounding_box_train/0007_c3s3_077419_03.jpg.jpg",
    "bounding_box_train/Thumbs.db",
    "bounding_box_test/-1_c1s1_000401_03.jpg",
    "bounding_box_test/0000_c1s1_000151_01.jpg",
    "bounding_box_test/0001_c2s1_000301_00.jpg",
    "bounding_box_test/0001_c1s1_001051_03.jpg",
    "bounding_box_test/Thumbs.db",
    "bounding_box_test/someone.jpg",
    "query/0001_c1s1_001051_00.jpg",
    "gt_bbox/0001_c1s1_001051_00.jpg",
    "gt_bbox/0002_c1s1_000451_00.jpg",
    "readme.txt",
)
Picture = Callable[..., bytes]
Plant = Callable[[Path, Iterable[str]], Path]


@pytest.fixture
def picture() -> Picture:
    """Encode a picture that differs with the seed."""

    def make(seed: int = 0, size: tuple[int, int] = (16, 8), kind: str = "PNG") -> bytes:
        pixels = np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, kind)
        return buffer.getvalue()

    return make


@pytest.fixture
def plant(picture: Picture) -> Plant:
    """Write a tree: a picture for every name, all different."""

    def make(root: Path, members: Iterable[str]) -> Path:
        for seed, member in enumerate(members):
            path = root / member
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(picture(seed))
        return root

    return make


@pytest.fixture
def zipped() -> Callable[[Path], Path]:
    """Zip a folder with its own name as the root inside, as datasets are downloaded."""

    def make(root: Path) -> Path:
        target = root.parent / f"{root.name}-download.zip"
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(root.rglob("*")):
                archive.write(path, path.relative_to(root.parent))
            archive.writestr("__MACOSX/._x.jpg", b"resource fork")
        return target

    return make


@pytest.fixture
def market(tmp_path: Path, plant: Plant) -> Path:
    """Return the folder of a tiny Market-1501."""
    return plant(tmp_path / "data" / "Market-1501-v15.09.15", MARKET)
