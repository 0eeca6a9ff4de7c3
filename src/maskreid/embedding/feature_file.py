"""The masks and features of a whole dataset in one file; memory does not grow with their number."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from maskreid.embedding.embedder import Embedder
from maskreid.errors import MaskreidError
from maskreid.images import Dataset, PersonImage, Source, read_image
from maskreid.images.records import cameras_of, identities_of
from maskreid.progress import Progress, chunks, silent

CHUNK = 256  # images in memory at once

Arrays = dict[str, npt.NDArray[Any]]


def embed_dataset(
    embedder: Embedder,
    dataset: Dataset,
    out: str | Path,
    *,
    splits: Sequence[str] = (),
    masks: bool = False,
    progress: Progress = silent,
) -> dict[str, int]:
    """Embed a dataset's images, and write one file that `maskreid.retrieval.read_features` reads.

    It holds for each split SPLIT_features (N, D) float32 unit rows, SPLIT_identities and SPLIT_cameras (N,) int64,
    SPLIT_coverage (N,) float32 share of each image under its mask, SPLIT_paths (in ``.safetensors``, JSON in the
    metadata), and the model's fingerprint. The file is written beside ``out`` and renamed.

    Args:
        embedder: of the model.
        dataset: from `maskreid.images.open_dataset`, whose ``anything`` takes images without labels.
        out: ``.npz`` or ``.safetensors``.
        splits: of the dataset; all by default.
        masks: also write SPLIT_masks, (N, H, W) uint8 at the model's resize size, 1 on the person.
        progress: told about every image.

    Returns:
        How many images of each split there are.

    Raises:
        MaskreidError: there is no such split, an image cannot be read, or the file cannot be written.
    """
    out = Path(out)
    write = WRITERS.get(out.suffix.lower())
    if write is None:
        raise MaskreidError(f"{out}: features are written as {' or '.join(WRITERS)}; name such a file")
    unknown = [split for split in splits if not dataset.splits.get(split)]
    if unknown:
        raise MaskreidError(f"{dataset.source.name}: has no split {unknown[0]!r}; it has {', '.join(dataset.splits)}")
    chosen = {split: dataset.splits[split] for split in splits or dataset.splits if dataset.splits[split]}
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent) as folder:
            arrays: Arrays = {}
            for split, images in chosen.items():
                arrays |= _split(embedder, dataset.source, split, images, Path(folder), masks, progress)
            part = Path(folder) / "whole"
            with part.open("wb") as file:
                write(file, arrays, embedder.model.fingerprint)
            os.replace(part, out)
    except OSError as error:
        raise MaskreidError(
            f"{out}: cannot be written ({error.strerror or error}); make room or choose another place"
        ) from None
    return {split: len(images) for split, images in chosen.items()}


def _split(
    embedder: Embedder,
    source: Source,
    split: str,
    images: Sequence[PersonImage],
    folder: Path,
    masks: bool,
    progress: Progress,
) -> Arrays:
    """Embed one split into files in ``folder``."""

    def room(name: str, *shape: int, dtype: str) -> npt.NDArray[Any]:
        return np.lib.format.open_memmap(folder / f"{split}-{name}.npy", "w+", dtype, (len(images), *shape))

    arrays: Arrays = {
        "features": room("features", embedder.model.dimension, dtype="<f4"),
        "identities": identities_of(images),
        "cameras": cameras_of(images),
        "coverage": np.empty(len(images), np.float32),
        "paths": np.array([image.path for image in images], dtype=np.str_),
    }
    if masks:
        arrays["masks"] = room("masks", *embedder.model.resize, dtype="|u1")
    done = 0
    counted = progress(images, total=len(images), what=f"embedding {split} ({embedder})", unit="image")
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # Pillow decodes on as many cores as there are threads
        for chunk in chunks(counted, CHUNK):
            native = list(pool.map(lambda image: read_image(source, image.path), chunk))
            vectors, shaped = embedder(source, chunk, native)
            rows = slice(done, done + len(chunk))
            arrays["features"][rows], arrays["coverage"][rows] = vectors, shaped.coverage
            if masks:
                arrays["masks"][rows] = shaped.masks
            done += len(chunk)
    return {f"{split}_{name}": array for name, array in arrays.items()}


def _npz(file: BinaryIO, arrays: Arrays, model: str) -> None:
    np.savez(file, **arrays, model=np.array(model))  # type: ignore[arg-type]


def _safetensors(file: BinaryIO, arrays: Arrays, model: str) -> None:
    """Write as the format has it, array by array: the package's own writer takes all of them in memory."""
    types = {"<f4": "F32", "<i8": "I64", "|u1": "U8"}
    texts = {name: json.dumps(array.tolist()) for name, array in arrays.items() if array.dtype.kind == "U"}
    header: dict[str, Any] = {"__metadata__": {"model": model, **texts}}
    end = 0
    numbers = {name: array for name, array in arrays.items() if name not in texts}
    for name, array in numbers.items():
        begin, end = end, end + array.nbytes
        header[name] = {"dtype": types[array.dtype.str], "shape": list(array.shape), "data_offsets": [begin, end]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    file.write(len(text).to_bytes(8, "little") + text)
    for array in numbers.values():
        np.ascontiguousarray(array).tofile(file)


WRITERS: Mapping[str, Callable[[BinaryIO, Arrays, str], None]] = {".npz": _npz, ".safetensors": _safetensors}
