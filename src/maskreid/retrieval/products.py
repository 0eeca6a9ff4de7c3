"""Similarities of rows to a whole gallery, by a matrix product here or on a device."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from maskreid.errors import MaskreidError
from maskreid.retrieval.blocks import Block, Task
from maskreid.retrieval.features import FloatArray

if TYPE_CHECKING:
    import torch


def products(rows: FloatArray, columns: FloatArray, device: str | None = None) -> Task:
    """Return what fills blocks of the product of ``rows``, (R, D), with ``columns``, (C, D): for `in_blocks`.

    Args:
        rows: unit rows.
        columns: unit rows; moved to the device once, whole.
        device: None multiplies with NumPy, "cpu", "cuda" and so on with torch.

    Raises:
        MaskreidError: there is no such device.
    """
    if device is None:

        def fill(start: int, stop: int, block: Block) -> None:
            np.matmul(rows[start:stop], columns.T, out=block)

        return fill
    import torch

    there = on_device(columns, device).T

    def fill_from_device(start: int, stop: int, block: Block) -> None:
        torch.from_numpy(block).copy_(on_device(rows[start:stop], device) @ there)

    return fill_from_device


def on_device(array: FloatArray, device: str) -> torch.Tensor:
    """Copy an array to a torch device.

    Raises:
        MaskreidError: there is no such device.
    """
    import torch

    try:
        return torch.tensor(array, device=device)
    except (RuntimeError, AssertionError) as error:  # torch built without CUDA fails an assertion
        raise MaskreidError(f"device {device!r}: {str(error).splitlines()[0]}") from None
