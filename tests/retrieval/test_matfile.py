"""What scipy writes is read; what is damaged or not a matrix is refused."""

from __future__ import annotations

import contextlib
import random
import struct
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from maskreid.retrieval.matfile import read_mat

KINDS = ["u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8"]


@pytest.mark.parametrize("compressed", [False, True])
def test_reads_every_real_type_and_shape_that_scipy_writes(tmp_path: Path, compressed: bool) -> None:
    rng = np.random.default_rng(0)
    arrays = {kind: (100 * rng.random((3, 5))).astype(kind) for kind in KINDS}
    arrays |= {f"of_{count}": np.arange(float(count))[None] for count in range(7)}
    arrays |= {"column": np.ones((4, 1)), "cube": rng.random((2, 3, 4)), "none": np.empty((0, 3))}
    arrays |= {"a_name_of_more_than_four_letters": np.float32([[1.5]])}
    savemat(tmp_path / "f.mat", {**arrays, "text": "hello", "cells": {"a": 1}}, do_compression=compressed)
    found, read = read_mat(tmp_path / "f.mat", list(arrays))
    assert found == [*arrays, "text", "cells"]
    assert read.keys() == arrays.keys()
    for name, array in arrays.items():
        assert read[name].shape == array.shape
        assert np.array_equal(read[name], array), name


def test_reads_the_other_byte_order_and_doubles_stored_as_bytes(tmp_path: Path) -> None:
    def element(kind: int, data: bytes) -> bytes:
        return struct.pack(">II", kind, len(data)) + data + b"\0" * (-len(data) % 8)

    flags, shape = struct.pack(">II", 6, 0), struct.pack(">ii", 2, 2)
    parts = element(6, flags) + element(5, shape) + element(1, b"labels")
    stored = struct.pack(">HHBBBB", 4, 2, 1, 2, 3, 4)  # four bytes inside the tag
    header = b"MATLAB 5.0 MAT-file".ljust(124) + struct.pack(">H", 0x0100) + b"MI"
    (tmp_path / "f.mat").write_bytes(header + element(14, parts + stored))
    assert read_mat(tmp_path / "f.mat", ["labels"])[1]["labels"].tolist() == [[1, 3], [2, 4]]


@pytest.mark.parametrize("value", ["text", 1j * np.ones((2, 2)), {"a": 1}], ids=["text", "complex", "struct"])
def test_refuses_what_is_no_real_matrix(tmp_path: Path, value) -> None:
    savemat(tmp_path / "f.mat", {"x": value})
    assert read_mat(tmp_path / "f.mat", []) == (["x"], {})
    with pytest.raises(ValueError, match="x is no full matrix of real numbers"):
        read_mat(tmp_path / "f.mat", ["x"])


@pytest.mark.parametrize("compressed", [False, True])
def test_damage_is_a_value_error(tmp_path: Path, compressed: bool) -> None:
    path = tmp_path / "f.mat"
    savemat(path, {"x": np.random.default_rng(0).random((4, 6)), "y": np.arange(5)}, do_compression=compressed)
    whole = path.read_bytes()
    rng = random.Random(0)
    for _ in range(1000):
        damaged = bytearray(whole[: rng.randrange(len(whole))] if rng.random() < 0.2 else whole)
        for _ in range(rng.randrange(5)):
            if damaged:
                damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        path.write_bytes(damaged)
        with contextlib.suppress(ValueError):
            read_mat(path, ["x", "y"])
