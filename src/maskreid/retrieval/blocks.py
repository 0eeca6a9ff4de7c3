"""Large matrices a block of rows at a time: all threads fill one, then share it out while it is in the cache."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from maskreid.progress import Progress, silent
from maskreid.threads import in_threads

BLOCK_BYTES = 16 << 20  # of one block, so that it is still in the cache when it is used;
FEWEST_ROWS = 256  # fewer make a product wait for memory, so above 16,384 columns blocks are larger,
LARGEST_BYTES = 512 << 20  # but never larger than this

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
    """Fill and use a (rows, columns) matrix of which no more than a block is in memory.

    Args:
        rows: of the whole matrix.
        columns: of the whole matrix.
        dtype: of its numbers.
        fill: writes a block, by a matrix product that has threads of its own.
        use: reads some rows of a block, and may write to them; runs in several threads at once, on different rows.
        what: for ``progress``.
        progress: told about every block.
    """
    row_bytes = dtype.itemsize * columns
    fewest = min(FEWEST_ROWS, max(1, LARGEST_BYTES // row_bytes))
    step = min(rows, max(fewest, BLOCK_BYTES // row_bytes))
    buffer = np.empty((step, columns), dtype=dtype)
    starts = range(0, rows, step)
    for start in progress(starts, total=len(starts), what=what, unit="block"):
        stop = min(start + step, rows)
        block = buffer[: stop - start]
        fill(start, stop, block)

        def share(first: int, last: int, start: int = start, block: Block = block) -> None:
            use(start + first, start + last, block[first:last])

        in_threads(share, stop - start)
