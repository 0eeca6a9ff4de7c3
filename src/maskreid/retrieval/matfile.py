"""MATLAB's .mat files, level 5: the real matrices in them and nothing else.

scipy.io reads these too, but a damaged file can crash it, and Python with it. Source: The MathWorks, "MAT-File
Format".
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Collection, Iterator
from itertools import islice
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

HEADER = 128
HDF5 = 0x0200  # the version of level 7.3
MATRIX, COMPRESSED = 14, 15
STORED = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
REAL_CLASSES = range(6, 16)  # double, single, integers of 8 to 64 bits
COMPLEX = 0x0800


def read_mat(path: Path, wanted: Collection[str]) -> tuple[list[str], dict[str, NDArray[Any]]]:
    """Return the names of all variables, and those ``wanted`` as arrays of the shape that MATLAB shows.

    A matrix keeps the type it is stored in: MATLAB stores doubles that are small whole numbers as integers.

    Raises:
        OSError: the file cannot be read.
        ValueError: not such a file, or damaged, or a wanted variable is no matrix of real numbers.
    """
    content = memoryview(path.read_bytes())
    order = {b"IM": "<", b"MI": ">"}.get(bytes(content[126:HEADER]))
    if order is None:
        raise ValueError("not a MATLAB file of level 5")
    if struct.unpack_from(f"{order}H", content, 124)[0] == HDF5:
        raise ValueError("a MATLAB 7.3 file, which is HDF5; write it with save(..., '-v7')")
    found: list[str] = []
    arrays: dict[str, NDArray[Any]] = {}
    for kind, data in _elements(content[HEADER:], order):
        if kind == COMPRESSED:
            try:
                kind, data = next(_elements(memoryview(zlib.decompress(data)), order), (0, data))
            except zlib.error as error:
                raise ValueError(f"damaged: {error}") from None
        if kind != MATRIX:
            continue
        parts = list(islice(_elements(data, order), 5))  # flags, shape, name, real and imaginary part
        if len(parts) < 3 or len(parts[0][1]) != 8:
            raise ValueError("damaged: a variable without shape or name")
        name = bytes(parts[2][1]).decode("latin-1")
        found.append(name)
        if name in wanted:
            arrays[name] = _matrix(name, parts, order)
    return found, arrays


def _elements(data: memoryview, order: str) -> Iterator[tuple[int, memoryview]]:
    """Walk over (type, bytes); elements start at multiples of 8 bytes, compressed ones anywhere."""
    at = 0
    while at < len(data):
        if len(data) - at < 8:
            raise ValueError("damaged: it ends early")
        kind, size = struct.unpack_from(f"{order}II", data, at)
        small = kind >> 16  # up to 4 bytes stand inside the tag, their number in the type's upper half
        start, size, kind = (at + 4, small, kind & 0xFFFF) if small else (at + 8, size, kind)
        if size > len(data) - start or small > 4:
            raise ValueError("damaged: it ends early")
        yield kind, data[start : start + size]
        at = at + 8 if small else start + (size if kind == COMPRESSED else -(-size // 8) * 8)


def _matrix(name: str, parts: list[tuple[int, memoryview]], order: str) -> NDArray[Any]:
    (flags,) = struct.unpack_from(f"{order}I", parts[0][1])
    shape = [size for (size,) in struct.iter_unpack(f"{order}i", parts[1][1])] if len(parts[1][1]) % 4 == 0 else []
    if flags & 0xFF not in REAL_CLASSES or flags & COMPLEX or len(parts) < 4 or parts[3][0] not in STORED:
        raise ValueError(f"{name} is no full matrix of real numbers")
    kind, data = parts[3]
    stored = np.dtype(order + STORED[kind])
    if min(shape, default=-1) < 0 or prod(shape) * stored.itemsize != len(data):
        raise ValueError(f"damaged: {name} does not fill its shape {shape}")
    native = np.frombuffer(data, stored).astype(stored.newbyteorder("="), copy=False)
    return native.reshape(shape, order="F")
