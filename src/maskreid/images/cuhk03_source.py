"""The images inside CUHK03's ``cuhk-03.mat``, a MATLAB 7.3 (HDF5) file of 1.8 GB, as if they were PNG files."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from maskreid.errors import MaskreidError

KINDS = ("labeled", "detected")  # boxes drawn by hand, and by a detector
TEST_SETS = "testsets"


class Cuhk03Source:
    """A read-only tree of ``labeled/<camera pair>/<person:4>_<column:2>.png`` and ``detected/...``, nothing unpacked.

    All numbers start at 1. Columns 1 to 5 are a person's images by one camera of the pair, 6 to 10 by the other.
    """

    def __init__(self, path: Path) -> None:
        """Open the file.

        Raises:
            MaskreidError: h5py is not installed, or this is not CUHK03's file.
        """
        self.path = path
        self.name = str(path)
        self._local = threading.local()
        with self._telling("its list of arrays"):
            missing = [name for name in (*KINDS, TEST_SETS) if name not in self._file()]
        if missing:
            raise MaskreidError(f"{path}: expected the arrays of cuhk-03.mat; missing {', '.join(missing)}")

    def members(self) -> list[str]:
        """Return every image's path, sorted; which are there is read once, in about a second."""
        with self._telling("its list of images"):
            return sorted(
                f"{kind}/{pair}/{person:04d}_{column:02d}.png"
                for kind in KINDS
                for pair, cells in enumerate(self._cells(kind), 1)
                for person, row in enumerate(cells.T, 1)
                for column, cell in enumerate(row, 1)
                if self._file()[cell].ndim == 3  # an empty cell has two numbers in it: its size
            )

    def read(self, member: str) -> bytes:
        """Return one image, encoded without loss."""
        try:
            kind, pair, name = member.split("/")
            person, column = map(int, name.removesuffix(".png").split("_"))
            if kind not in KINDS or min(int(pair), person, column) < 1:
                raise IndexError
            cell = self._cells(kind)[int(pair) - 1][column - 1, person - 1]
        except (ValueError, KeyError, IndexError):
            raise MaskreidError(f"{self.path}: has no member {member}") from None
        with self._telling(member):
            pixels = np.asarray(self._file()[cell]).T  # MATLAB stores columns first
        if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8:
            raise MaskreidError(f"{self.path}: {member} is no RGB image, but {pixels.dtype} of shape {pixels.shape}")
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "PNG", compress_level=1)
        return buffer.getvalue()

    def people(self) -> list[int]:
        """How many persons each camera pair saw."""
        return [cells.shape[1] for cells in self._cells(KINDS[0])]

    @contextmanager
    def _telling(self, what: str) -> Iterator[None]:
        """Turn what h5py and NumPy raise of a damaged file into an error that says so."""
        try:
            yield
        except (OSError, KeyError, RuntimeError, TypeError, ValueError, IndexError, MemoryError) as error:
            raise MaskreidError(f"{self.path}: {what} is damaged ({error}); download it again") from None

    def test_set(self, split: int) -> list[tuple[int, int]]:
        """Camera pair and person, from 1, of one of the official test sets, numbered from 0.

        Raises:
            MaskreidError: there is none of that number, or it names a person who is not there.
        """
        with self._telling("its list of test sets"):
            sets = self._file()[TEST_SETS][0]
        if not 0 <= split < len(sets):
            raise MaskreidError(f"{self.path}: split is {split}; CUHK03 has {len(sets)}, numbered from 0")
        with self._telling(f"test set {split}"):
            people = self.people()
            tested = [(int(pair), int(person)) for pair, person in np.asarray(self._file()[sets[split]]).T]
            for pair, person in tested:
                if not (1 <= pair <= len(people) and 1 <= person <= people[pair - 1]):
                    raise ValueError(f"no person {person} of camera pair {pair}")
        return tested

    def _cells(self, kind: str) -> list[Any]:
        """Return each camera pair's references to images, (10, persons) as HDF5 has them."""
        file = self._file()
        if kind not in self._local.cells:
            with self._telling(f"its list of {kind} images"):
                self._local.cells[kind] = [_table(file[reference][()]) for reference in file[kind][0]]
        cells: list[Any] = self._local.cells[kind]
        return cells

    def _file(self) -> Any:
        """Return this thread's own handle, opened anew after a fork."""
        if getattr(self._local, "process", None) != os.getpid():
            try:
                import h5py
            except ImportError:
                raise MaskreidError(
                    f"{self.path}: MATLAB 7.3 files are read with h5py; pip install 'maskreid[cuhk03]'"
                ) from None
            try:
                self._local.file = h5py.File(self.path, "r")
            except OSError as error:
                raise MaskreidError(f"{self.path}: not a MATLAB 7.3 file ({error}); download it again") from None
            self._local.process, self._local.cells = os.getpid(), {}
        return self._local.file


def _table(cells: Any) -> Any:
    if cells.ndim != 2:
        raise ValueError(f"expected a table of cells, got {cells.ndim} dimensions")
    return cells
