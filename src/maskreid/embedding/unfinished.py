"""What a killed ``maskreid embed`` had made: rows in plain files beside the one that they will become."""

from __future__ import annotations

import fcntl
import json
import shutil
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from maskreid.errors import MaskreidError
from maskreid.files import write_atomically

STATE, LOCK = "state.json", "lock"


class Unfinished:
    """A folder of arrays that grow by rows, and how many of them count.

    A kill leaves rows that nobody counted; they are cut off when the folder is opened again. Used as a context, it
    is locked, and deleted where no row counts at the end.
    """

    def __init__(self, folder: Path, settings: str, rows: Mapping[str, tuple[str, tuple[int, ...]]]) -> None:
        """Name the folder.

        Args:
            folder: is made; what other settings left there is deleted.
            settings: whatever the rows depend on besides their images.
            rows: each array's dtype, and the shape of one row.
        """
        self.folder, self.rows = folder, rows
        self.settings = f"{settings} {dict(rows)}"
        self.done, self.digest = 0, ""
        self._files = ExitStack()

    def __enter__(self) -> Unfinished:
        """Lock the folder and find out what is there.

        Raises:
            MaskreidError: another process has it.
            OSError: it cannot be written.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        lock = self._files.enter_context((self.folder / LOCK).open("a"))
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._files.close()
            raise MaskreidError(f"{self.folder}: another process is writing there; wait for it, or end it") from None
        try:
            state = json.loads((self.folder / STATE).read_text(encoding="utf-8"))
            same = state["settings"] == self.settings
            self.done, self.digest = int(state["done"]), str(state["digest"])
        except (OSError, ValueError, KeyError, TypeError):
            same = False
        if not same:
            self.begin_again()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go of the folder."""
        if not self.done:
            self.delete()
        self._files.close()

    def begin_again(self) -> None:
        """Count no row, on disk too before any is overwritten."""
        self.done, self.digest = 0, ""
        (self.folder / STATE).unlink(missing_ok=True)

    def append(self, arrays: Mapping[str, npt.NDArray[Any]], digest: str) -> None:
        """Add rows to every array, then count them; ``digest`` is of all images so far."""
        for name, (dtype, shape) in self.rows.items():
            size = int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
            with (self.folder / name).open("ab") as file:
                file.truncate(self.done * size)
                file.write(np.ascontiguousarray(arrays[name], dtype).tobytes())
        self.done, self.digest = self.done + len(next(iter(arrays.values()))), digest
        state = {"settings": self.settings, "done": self.done, "digest": digest}
        write_atomically(self.folder / STATE, json.dumps(state).encode())

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Return the rows that count, memory-mapped."""
        return {
            name: np.memmap(self.folder / name, dtype, "r", shape=(self.done, *shape))
            for name, (dtype, shape) in self.rows.items()
        }

    def delete(self) -> None:
        """Delete the folder: its rows are elsewhere now, or never were."""
        shutil.rmtree(self.folder, ignore_errors=True)
