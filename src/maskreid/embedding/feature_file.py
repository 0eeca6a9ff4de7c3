"""The masks and features of a whole dataset in one file; memory does not grow with their number."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import numpy.typing as npt

from maskreid.ahead import ahead
from maskreid.embedding.embedder import Embedder
from maskreid.embedding.unfinished import Unfinished
from maskreid.errors import MaskreidError
from maskreid.files import telling_unwritable
from maskreid.images import Dataset, PersonImage, Source
from maskreid.images.decode import decode_image
from maskreid.images.parts import in_parts
from maskreid.images.records import cameras_of, identities_of
from maskreid.masks import DatasetMasks
from maskreid.progress import Progress, silent
from maskreid.threads import map_in_threads

Arrays = dict[str, npt.NDArray[Any]]
Labelled = tuple[str, PersonImage]  # with its split


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
    metadata), and the model's fingerprint. ``out`` appears when it is whole; until then, what is done lies beside it
    in ``.NAME.unfinished``, and the same call continues after a kill or an image that cannot be read.

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
        MaskreidError: there is no such split, an image cannot be read, the file cannot be written, or another process
            is writing it.
    """
    out = Path(out)
    write = WRITERS.get(out.suffix.lower())
    if write is None:
        raise MaskreidError(f"{out}: features are written as {' or '.join(WRITERS)}; name such a file")
    if write is _safetensors and out.with_suffix(".json").exists():
        raise MaskreidError(f"{out}: lies beside a model card, so it is or would be taken for a model; name another")
    unknown = [split for split in splits if not dataset.splits.get(split)]
    if unknown:
        raise MaskreidError(f"{dataset.source.name}: has no split {unknown[0]!r}; it has {', '.join(dataset.splits)}")
    chosen = dict.fromkeys(splits or dataset.splits)
    images = [(split, image) for split in chosen for image in dataset.splits[split]]
    rows: dict[str, tuple[str, tuple[int, ...]]] = {
        "features": ("<f4", (embedder.model.dimension,)),
        "coverage": ("<f4", ()),
    }
    if masks:
        rows["masks"] = ("|u1", tuple(embedder.model.resize))
    unfinished = Unfinished(out.with_name(f".{out.name}.unfinished"), _settings(embedder), rows)
    with telling_unwritable(out), unfinished as kept:
        _embed(embedder, dataset.source, images, kept, progress)
        part = kept.folder / "whole"
        with part.open("wb") as file:
            write(file, _by_split(images, kept.arrays()), embedder.model.fingerprint)
        os.replace(part, out)
        kept.delete()
    return dict(Counter(split for split, _ in images))


class _Read(NamedTuple):
    """An image, a hash of everything that its row depends on, and its pixels."""

    image: PersonImage
    digest: bytes
    picture: npt.NDArray[np.uint8]


def _settings(embedder: Embedder) -> str:
    return f"{embedder.model.fingerprint} {embedder} {embedder.masks}"


def _embed(
    embedder: Embedder,
    source: Source,
    images: Sequence[Labelled],
    kept: Unfinished,
    progress: Progress,
) -> None:
    """Embed what is not in ``kept`` yet; all of it, where the images that were embedded are not these."""
    digest = hashlib.sha256()

    def hashed(pair: Labelled, content: bytes) -> bytes:
        """Everything that a row depends on, except for the settings."""
        mask = pair[1].mask
        masked = source.read(mask) if mask is not None and embedder.masks == DatasetMasks.name else b""
        return b"".join(hashlib.sha256(part).digest() for part in (repr(pair).encode(), content, masked))

    def read(pair: Labelled) -> _Read:
        image = pair[1]
        content = source.read(image.path)
        return _Read(image, hashed(pair, content), decode_image(content, f"{source.name}: {image.path}"))

    if 0 < kept.done <= len(images):
        done = images[: kept.done]
        for pair in progress(done, total=len(done), what="looking at what was embedded before", unit="image"):
            digest.update(hashed(pair, source.read(pair[1].path)))
    if digest.hexdigest() != kept.digest:
        kept.begin_again()
        digest = hashlib.sha256()
    left = images[kept.done :]
    counted = progress(left, total=len(left), what=f"embedding ({embedder})", unit="image")
    for part in ahead(in_parts(map_in_threads(read, counted), lambda each: each.picture)):
        records, hashes, native = zip(*part, strict=True)
        vectors, shaped = embedder(source, records, native)
        digest.update(b"".join(hashes))
        made: Arrays = {"features": vectors, "coverage": shaped.coverage, "masks": shaped.masks}
        kept.append(made, digest.hexdigest())


def _by_split(images: Sequence[Labelled], arrays: Arrays) -> Arrays:
    """Return each split's arrays, which lie one after the other, and what its records say."""
    result: Arrays = {}
    start = 0
    for split, group in groupby(images, key=lambda each: each[0]):
        records = [image for _, image in group]
        rows = slice(start, start := start + len(records))
        labels = {
            "identities": identities_of(records),
            "cameras": cameras_of(records),
            "paths": np.array([image.path for image in records], dtype=np.str_),
        }
        result |= {f"{split}_{name}": array for name, array in labels.items()}
        result |= {f"{split}_{name}": array[rows] for name, array in arrays.items()}
    return result


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
