"""Large matrices a block of rows at a time: one is filled while the one before it is used."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from maskreid.progress import Progress, silent

BLOCK_BYTES = 16 << 20  # of one block: what was filled shall still be in the cache when it is used

Block = NDArray[np.floating]
Task = Callable[[int, int, Block], None]  # (start, stop, block): rows start to stop, (stop - start, columns)


def in_blocks(
    rows: int,
    columns: int,
    dtype: np.dtype[np.floating],
    fill: Task,
    use: Task,
    *,
    what: str = "",
    progress: Progress = silent,
) -> None:
    """Fill and use a (rows, columns) matrix of which no more than two blocks are in memory.

    Args:
        rows: of the whole matrix.
        columns: of the whole matrix.
        dtype: of its numbers.
        fill: writes a block; runs in this thread.
        use: reads a block, and may write to it; runs in a thread of its own, one block at a time and in order. A
            product alone leaves cores waiting, so it should let go of the interpreter.
        what: for ``progress``.
        progress: told about every block.
    """
    step = min(rows, max(1, BLOCK_BYTES // (dtype.itemsize * columns)))
    buffers = [np.empty((step, columns), dtype=dtype) for _ in range(2 if step < rows else 1)]
    starts = range(0, rows, step)
    with ThreadPoolExecutor(1) as user:
        using: list[Future[None]] = []
        for number, start in enumerate(progress(starts, total=len(starts), what=what, unit="block")):
            if number >= 2:
                using[number - 2].result()
            stop = min(start + step, rows)
            block = buffers[number % 2][: stop - start]
            fill(start, stop, block)
            using.append(user.submit(use, start, stop, block))
        for each in using:
            each.result()
