"""The packed store: images decoded, masked and resized once, memory-mapped ever after."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
from PIL import Image

from maskreid.errors import MaskreidError
from maskreid.images.decode import read_image
from maskreid.images.records import PersonImage, cameras_of, identities_of
from maskreid.images.source import Source
from maskreid.progress import Progress, silent

VERSION = 1
CHUNK = 256  # images in memory at once


class MaskSource(Protocol):
    """Whatever tells where the person is; `maskreid.masks` has three."""

    name: str  # changes whenever the masks would

    def __call__(
        self, source: Source, images: Sequence[PersonImage], pixels: Sequence[npt.NDArray[np.uint8]]
    ) -> list[npt.NDArray[np.bool_]]:
        """Return an (H, W) bool mask for each (H, W, 3) uint8 RGB image."""


@dataclass(frozen=True)
class PackedImages:
    """Images of one size with their masks, in the order they were given.

    Attributes:
        pixels: (N, H, W, 3) uint8 RGB, memory-mapped.
        masks: (N, H, W) uint8, 1 on the person, memory-mapped.
        identities: (N,) int64.
        cameras: (N,) int64.
        paths: member paths.
        coverage: (N,) float32, share of the native image that the mask covered, before any fallback.
        fallbacks: how many masks covered less than the stated share and were replaced by the whole image.
        fingerprint: of the images' bytes, their order, the size and the masks.
    """

    pixels: npt.NDArray[np.uint8]
    masks: npt.NDArray[np.uint8]
    identities: npt.NDArray[np.int64]
    cameras: npt.NDArray[np.int64]
    paths: tuple[str, ...]
    coverage: npt.NDArray[np.float32]
    fallbacks: int
    fingerprint: str


def pack_images(
    source: Source,
    images: Sequence[PersonImage],
    folder: str | Path,
    *,
    size: tuple[int, int] = (160, 64),
    masks: MaskSource | None = None,
    min_share: float = 0.05,
    progress: Progress = silent,
) -> PackedImages:
    """Pack ``images`` into ``folder``, or open what is there if it was packed from the same bytes in the same way.

    Args:
        source: where the images are.
        images: what to pack, in this order.
        folder: replaced as a whole, at the end; a kill leaves the old content.
        size: (height, width) to resize to, bilinear for images and nearest for masks.
        masks: where the person is; None covers the whole image.
        min_share: a mask covering less of its image than this is replaced by the whole image, and counted.
        progress: told about every chunk.

    Raises:
        MaskreidError: an image cannot be decoded, or a mask has another size than its image.
    """
    folder = Path(folder)
    fingerprint = _fingerprint(source, images, size, masks, min_share)
    if _packed_fingerprint(folder) == fingerprint:
        return _open(folder, images)
    folder.parent.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        fallbacks = _build(source, images, building, size, masks, min_share, progress)
        index = {"version": VERSION, "fingerprint": fingerprint, "fallbacks": fallbacks}
        (building / "index.json").write_text(json.dumps(index))
        if folder.exists():
            shutil.rmtree(folder)
        os.replace(building, folder)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return _open(folder, images)


def _build(
    source: Source,
    images: Sequence[PersonImage],
    folder: Path,
    size: tuple[int, int],
    masks: MaskSource | None,
    min_share: float,
    progress: Progress,
) -> int:
    count, (height, width) = len(images), size
    pixels_out = np.lib.format.open_memmap(folder / "pixels.npy", "w+", np.uint8, (count, height, width, 3))
    masks_out = np.lib.format.open_memmap(folder / "masks.npy", "w+", np.uint8, (count, height, width))
    coverage = np.ones(count, np.float32)
    fallbacks = 0
    starts = range(0, count, CHUNK)
    for start in progress(starts, total=len(starts), what="packing", unit=f"{CHUNK} images"):
        chunk = images[start : start + CHUNK]
        pixels = [read_image(source, image.path) for image in chunk]
        found = masks(source, chunk, pixels) if masks else [np.ones(p.shape[:2], bool) for p in pixels]
        for offset, (image, native, mask) in enumerate(zip(chunk, pixels, found, strict=True)):
            if mask.shape != native.shape[:2]:
                raise MaskreidError(
                    f"{source.name}: the mask of {image.path} is {mask.shape[0]} x {mask.shape[1]} (height x width), "
                    f"its image {native.shape[0]} x {native.shape[1]}; make the mask at the image's own size"
                )
            coverage[start + offset] = mask.mean()
            if coverage[start + offset] < min_share:
                mask, fallbacks = np.ones_like(mask), fallbacks + 1
            pixels_out[start + offset] = Image.fromarray(native).resize((width, height), Image.Resampling.BILINEAR)
            masks_out[start + offset] = Image.fromarray(mask).resize((width, height), Image.Resampling.NEAREST)
    pixels_out.flush()
    masks_out.flush()
    np.save(folder / "coverage.npy", coverage)
    return fallbacks


def _open(folder: Path, images: Sequence[PersonImage]) -> PackedImages:
    index = json.loads((folder / "index.json").read_text())
    return PackedImages(
        pixels=np.load(folder / "pixels.npy", mmap_mode="r"),
        masks=np.load(folder / "masks.npy", mmap_mode="r"),
        identities=identities_of(images),
        cameras=cameras_of(images),
        paths=tuple(image.path for image in images),
        coverage=np.load(folder / "coverage.npy"),
        fallbacks=index["fallbacks"],
        fingerprint=index["fingerprint"],
    )


def _fingerprint(
    source: Source, images: Sequence[PersonImage], size: tuple[int, int], masks: MaskSource | None, min_share: float
) -> str:
    digest = hashlib.sha256(repr((VERSION, size, masks.name if masks else "none", min_share)).encode())
    for image in images:
        digest.update(repr(image).encode())
        digest.update(hashlib.sha256(source.read(image.path)).digest())
        if image.mask is not None and masks is not None:
            digest.update(hashlib.sha256(source.read(image.mask)).digest())
    return digest.hexdigest()[:32]


def _packed_fingerprint(folder: Path) -> str | None:
    try:
        index = json.loads((folder / "index.json").read_text())
    except (OSError, ValueError):
        return None
    return index.get("fingerprint") if index.get("version") == VERSION else None
