"""What retrieval works on: one unit row per image, with who it shows and which camera saw it."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import ArrayLike, NDArray

from maskreid.errors import MaskreidError, check_count
from maskreid.files import replacing, telling_unwritable

FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int64]
Items = NDArray[np.int32]  # numbers of items, where there are many

# What numpy.load raises of files that are damaged, encrypted, or none of its own.
NPZ_ERRORS = (
    EOFError,
    ValueError,
    TypeError,
    zipfile.BadZipFile,
    zlib.error,
    NotImplementedError,
    RuntimeError,
    MemoryError,  # of a size that nothing has
)
JUNK = -1  # the identity of images that a ranking passes over
DISTRACTOR = 0  # the identity of images that are always a wrong answer
UNKNOWN_CAMERA = -1  # as in maskreid.images: never the same camera as any other

UNIT_TOLERANCE = 1e-3  # what rounding to half precision may leave of a row's length


@dataclass(frozen=True, eq=False)
class Features:
    """Features of N images, checked once, here.

    Attributes:
        vectors: (N, D) float32, rows of Euclidean length 1; a row's product with another is their similarity.
        identities: (N,) int64; -1 is junk, 0 a distractor, people are numbered from 1.
        cameras: (N,) int64; -1 where the camera is unknown.
        paths: one name per image, or empty where nobody asked for them.
        model: fingerprint of the model that made the vectors, or empty. Features of two models do not mix.

    Raises:
        MaskreidError: shapes that do not fit, values that are not finite, rows whose length is not 1, or
            identities or cameras below -1.
    """

    vectors: FloatArray
    identities: IntArray
    cameras: IntArray
    paths: tuple[str, ...] = ()
    model: str = ""

    def __post_init__(self) -> None:
        vectors = _matrix(self.vectors)
        lengths = _lengths(vectors)
        odd = np.flatnonzero(np.abs(lengths - 1) > UNIT_TOLERANCE)
        if odd.size:
            raise MaskreidError(
                f"features: row {odd[0]} has length {lengths[odd[0]]:.6g}, expected 1 "
                f"({odd.size} such rows); make them with Features.normalised"
            )
        object.__setattr__(self, "vectors", vectors)
        object.__setattr__(self, "identities", _labels(self.identities, "identities", len(vectors)))
        object.__setattr__(self, "cameras", _labels(self.cameras, "cameras", len(vectors)))
        object.__setattr__(self, "paths", tuple(self.paths))
        if self.paths and len(self.paths) != len(vectors):
            raise MaskreidError(
                f"features: expected {len(vectors)} paths, one per row, or none; got {len(self.paths)}"
            )

    @classmethod
    def normalised(
        cls,
        vectors: ArrayLike,
        identities: ArrayLike,
        cameras: ArrayLike,
        paths: Sequence[str] = (),
        model: str = "",
    ) -> Features:
        """Divide every row of ``vectors`` (N, D) by its Euclidean length, then check as the class does.

        Raises:
            MaskreidError: also where a row is all zeros and so has no direction.
        """
        matrix = _matrix(vectors)
        lengths = _lengths(matrix)
        zero = np.flatnonzero(lengths == 0)
        if zero.size:
            name = f" ({paths[zero[0]]})" if len(paths) == len(matrix) else ""
            raise MaskreidError(
                f"features: row {zero[0]}{name} is all zeros and has no direction ({zero.size} such rows); "
                "leave the image out or look at the model that made it"
            )
        unit = np.empty_like(matrix)  # filled in place: the quotients in float64 would take twice the memory
        np.divide(matrix, lengths[:, None], out=unit, casting="same_kind")
        return cls(unit, np.asarray(identities), np.asarray(cameras), tuple(paths), model)

    def take(self, rows: IntArray) -> Features:
        """Return some rows, in the order given."""
        paths = tuple(self.paths[row] for row in rows) if self.paths else ()
        return Features(self.vectors[rows], self.identities[rows], self.cameras[rows], paths, self.model)

    def __len__(self) -> int:
        return len(self.vectors)

    def save(self, path: str | Path) -> None:
        """Write a NumPy ``.npz`` file with the arrays features, identities, cameras, paths and model.

        A kill leaves the old file or the new one, and its folder is made.

        Raises:
            MaskreidError: it cannot be written.
        """
        path = Path(path)
        with telling_unwritable(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            with replacing(path) as file:
                self.write(file)

    def write(self, file: BinaryIO) -> None:
        """Write what `save` does into a file that is open.

        Raises:
            OSError: it cannot be written.
        """
        np.savez(
            file,
            features=self.vectors,
            identities=self.identities,
            cameras=self.cameras,
            paths=np.array(self.paths, dtype=np.str_),
            model=np.array(self.model, dtype=np.str_),
        )

    @classmethod
    def load(cls, path: str | Path) -> Features:
        """Read what `save` wrote; ``paths`` and ``model`` may be missing from a file made elsewhere.

        Raises:
            MaskreidError: no such file, no ``.npz`` file, an array missing, or arrays that the class refuses.
        """
        path = Path(path)
        try:
            with np.load(path, allow_pickle=False) as file:
                arrays: dict[str, Any] = {name: file[name] for name in file.files}
        except FileNotFoundError:
            raise MaskreidError(f"{path}: no such file; features are saved with Features.save") from None
        except (OSError, *NPZ_ERRORS) as error:
            raise MaskreidError(f"{path}: not a features file (.npz): {error}") from None
        missing = [name for name in ("features", "identities", "cameras") if name not in arrays]
        if missing:
            raise MaskreidError(
                f"{path}: expected arrays features, identities and cameras; missing {', '.join(missing)}"
            )
        try:
            return cls(
                arrays["features"],
                arrays["identities"],
                arrays["cameras"],
                tuple(str(name) for name in np.ravel(arrays.get("paths", ()))),
                str(arrays.get("model", "")),
            )
        except MaskreidError as error:
            raise MaskreidError(f"{path}: {error}") from None


def join_features(features: Sequence[Features]) -> Features:
    """Join what several models make of the same images: the cosine of two rows is the mean of theirs.

    Args:
        features: at least one, each of the same images in the same order; (N, D) with a D of its own.

    Returns:
        (N, sum of D) features.

    Raises:
        MaskreidError: there are none, or they are not of the same images.
    """
    check_count("features: models", len(features))
    first = features[0]
    for each in features[1:]:
        same = np.array_equal(each.identities, first.identities) and np.array_equal(each.cameras, first.cameras)
        if not same or each.paths != first.paths:
            raise MaskreidError(
                f"features: expected the same {len(first)} images from every model, in one order; got other ones"
            )
    vectors = np.concatenate([each.vectors for each in features], 1)
    models = "+".join(each.model for each in features)
    return Features.normalised(vectors, first.identities, first.cameras, first.paths, models)


def _matrix(vectors: ArrayLike) -> FloatArray:
    matrix = np.asarray(vectors)
    if matrix.ndim != 2 or matrix.shape[1] == 0:
        raise MaskreidError(f"features: expected one row per image, shape (N, D); got shape {matrix.shape}")
    if matrix.dtype.kind not in "fiu":
        raise MaskreidError(f"features: expected real numbers, got {matrix.dtype}")
    with np.errstate(over="ignore"):  # too large for float32 becomes infinite and is named below
        matrix = np.ascontiguousarray(matrix, dtype=np.float32)
    odd = np.flatnonzero(~np.isfinite(matrix).all(axis=1))
    if odd.size:
        raise MaskreidError(f"features: row {odd[0]} holds NaN or infinity ({odd.size} such rows)")
    return matrix


def _lengths(matrix: FloatArray) -> NDArray[np.float64]:
    squared = np.einsum("nd,nd->n", matrix, matrix, dtype=np.float64)
    return np.asarray(np.sqrt(squared))


def _labels(values: ArrayLike, what: str, expected: int) -> IntArray:
    labels = np.asarray(values)
    if labels.shape != (expected,):
        raise MaskreidError(f"features: expected {expected} {what}, one per row; got shape {labels.shape}")
    if labels.dtype.kind not in "iu" and labels.size:
        raise MaskreidError(f"features: expected whole numbers as {what}, got {labels.dtype}")
    labels = labels.astype(np.int64)
    if labels.size and labels.min() < -1:
        row = int(labels.argmin())
        raise MaskreidError(f"features: {what} start at -1; row {row} has {labels[row]}")
    return labels
