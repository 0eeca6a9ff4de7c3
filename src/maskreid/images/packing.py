"""Fill the packed store: hash, decode, mask, resize, and replace the old pack in one step."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from maskreid.errors import MaskreidError
from maskreid.files import telling_unwritable
from maskreid.images.decode import read_image
from maskreid.images.packed import INDEX, LAYOUT, PackedImages, open_packed
from maskreid.images.parts import in_parts
from maskreid.images.records import PersonImage, cameras_of, identities_of
from maskreid.images.shaped import MIN_SHARE, MaskSource, shape_images
from maskreid.images.source import Source
from maskreid.progress import Progress, silent
from maskreid.threads import map_in_threads

CONTENT = 1  # goes into the fingerprint; raise it when the same images and settings would give other arrays
ORIENTED = (b"Exif", b"EXIF", b"eXIf", b"Orientation")  # in files that may say which side is up
LOCK = ".lock"
LEFTOVER_AGE = 3600.0  # seconds after which a killed build's unfinished files are removed


def pack_images(
    source: Source,
    images: Sequence[PersonImage],
    folder: str | Path,
    *,
    size: tuple[int, int] = (160, 64),
    masks: MaskSource | None = None,
    min_share: float = MIN_SHARE,
    progress: Progress = silent,
) -> PackedImages:
    """Pack ``images`` into ``folder``, or open what is there if it was packed from the same bytes in the same way.

    Bytes are hashed first, so that opening costs one reading of the files: no decoding, no segmenting.

    Args:
        source: where the images are.
        images: what to pack, in this order.
        folder: new, empty or a pack; a kill leaves the old pack. Files of other names are left alone.
        size: (height, width) to resize to with Pillow, bilinear for images and nearest for masks.
        masks: where the person is; None covers the whole image.
        min_share: a mask covering less of its image than this is replaced by the whole image, and counted.
        progress: told about every image, and whether something is packed again.

    Raises:
        MaskreidError: there is nothing to pack, an image cannot be decoded, a mask has another size than its image,
            or ``folder`` cannot be written.
    """
    folder = Path(folder)
    if not images:
        raise MaskreidError(f"{source.name}: there are no images to pack into {folder}")
    if min(size) < 1:
        raise MaskreidError(f"size is {size}; expected (height, width) of at least one pixel each")
    if not 0 <= min_share <= 1:
        raise MaskreidError(f"min_share is {min_share}; expected a share of the image in [0, 1]")
    fingerprint = pack_fingerprint(source, images, size=size, masks=masks, min_share=min_share, progress=progress)
    what = "packing images"
    if (folder / INDEX).exists():
        try:
            packed = open_packed(folder)
        except MaskreidError as error:
            what = f"packing images again ({error})"
        else:
            if packed.fingerprint == fingerprint:
                return packed
            what = f"packing images again ({folder} holds other images, masks or sizes)"
    with telling_unwritable(folder), _alone(folder):
        if fingerprint != _packed_meanwhile(folder):
            counted = progress(images, total=len(images), what=what, unit="image")
            _build(source, counted, len(images), folder, size, masks, min_share, fingerprint)
        return open_packed(folder)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold a folder, so that of several processes that need a pack one makes it and the others wait."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK).open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"maskreid: another process is packing images into {folder}; waiting for it", file=sys.stderr)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _packed_meanwhile(folder: Path) -> str | None:
    try:
        return open_packed(folder).fingerprint
    except MaskreidError:
        return None


def pack_fingerprint(
    source: Source,
    images: Sequence[PersonImage],
    *,
    size: tuple[int, int],
    masks: MaskSource | None,
    min_share: float,
    progress: Progress = silent,
) -> str:
    """Return the fingerprint of the pack that `pack_images` would make, without decoding or segmenting.

    It covers the records and bytes of the images in their order, the bytes of the masks that came with them (unless
    ``masks`` is None), and the settings.
    """
    digest = hashlib.sha256(repr((CONTENT, tuple(size), masks.name if masks else "none", min_share)).encode())
    for image in progress(images, total=len(images), what="hashing images", unit="image"):
        digest.update(repr(image).encode())
        content = source.read(image.path)
        digest.update(hashlib.sha256(content).digest())
        if any(mark in content for mark in ORIENTED):  # packs from before images were turned upright are others
            digest.update(b"upright")
        if image.mask is not None and masks is not None:
            digest.update(hashlib.sha256(source.read(image.mask)).digest())
    return digest.hexdigest()[:32]


def _build(
    source: Source,
    images: Iterable[PersonImage],
    count: int,
    folder: Path,
    size: tuple[int, int],
    masks: MaskSource | None,
    min_share: float,
    fingerprint: str,
) -> None:
    """Write data files under names of their own, then replace the index, which says which files count.

    That replaces a whole pack in one step, where exchanging two folders would take two.
    """
    _remove_leftovers(folder)
    unique = f"{fingerprint[:12]}-{os.getpid()}-{time.time_ns()}"
    names = {"pixels": f"pixels-{unique}.npy", "masks": f"masks-{unique}.npy"}
    parts = {kind: folder / f"{name}.part" for kind, name in names.items()}
    index_part = folder / f"{INDEX}-{unique}.part"
    try:
        pixels = _create(parts["pixels"], (count, *size, 3))
        shapes = _create(parts["masks"], (count, *size))
        packed: list[PersonImage] = []
        coverage: list[float] = []
        fallbacks = 0
        read = map_in_threads(lambda image: (image, read_image(source, image.path)), images)
        for group in in_parts(read, lambda each: each[1]):
            some, native = zip(*group, strict=True)
            shaped = shape_images(source, some, native, size=size, masks=masks, min_share=min_share)
            pixels[len(packed) : len(packed) + len(some)] = shaped.pixels
            shapes[len(packed) : len(packed) + len(some)] = shaped.masks
            coverage += shaped.coverage.tolist()
            fallbacks += shaped.fallbacks
            packed += some
        pixels.flush()
        shapes.flush()
        del pixels, shapes
        index = {
            "version": LAYOUT,
            "fingerprint": fingerprint,
            "size": list(size),
            "mask_source": masks.name if masks else "none",
            "min_share": min_share,
            "fallbacks": fallbacks,
            **names,
            "paths": [image.path for image in packed],
            "identities": identities_of(packed).tolist(),
            "cameras": cameras_of(packed).tolist(),
            "coverage": coverage,
        }
        index_part.write_text(json.dumps(index) + "\n", encoding="utf-8")
        previous = _data_files(folder)
        for kind, name in names.items():
            os.replace(parts[kind], folder / name)
        os.replace(index_part, folder / INDEX)
    finally:
        for part in (*parts.values(), index_part):
            part.unlink(missing_ok=True)
    for name in previous:
        (folder / name).unlink(missing_ok=True)


def _create(path: Path, shape: tuple[int, ...]) -> np.memmap[tuple[int, ...], np.dtype[np.uint8]]:
    array: np.memmap[tuple[int, ...], np.dtype[np.uint8]] = np.lib.format.open_memmap(path, "w+", np.uint8, shape)
    if hasattr(os, "posix_fallocate"):  # a full disk is an error here; later, behind the map, it would be a crash
        with path.open("r+b") as file:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
    return array


def _data_files(folder: Path) -> list[str]:
    """Return the data files of the pack in ``folder``, if there is a readable one."""
    try:
        index: dict[str, Any] = json.loads((folder / INDEX).read_bytes())
        return [Path(index[kind]).name for kind in ("pixels", "masks")]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _remove_leftovers(folder: Path) -> None:
    for part in (each for kind in ("pixels", "masks", INDEX) for each in folder.glob(f"{kind}-*.part")):
        if time.time() - part.stat().st_mtime > LEFTOVER_AGE:
            part.unlink(missing_ok=True)
