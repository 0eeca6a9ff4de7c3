"""The exact neighbour search on a device of torch's."""

from __future__ import annotations

import numpy as np

from maskreid.progress import Progress
from maskreid.retrieval.features import FloatArray
from maskreid.retrieval.neighbours import Neighbours, Search
from maskreid.retrieval.products import on_device

BLOCK_NUMBERS = 1 << 26  # distances at a time, with 20 bytes each


def device_search(device: str) -> Search:
    """Return a search for `maskreid.retrieval.rerank` that runs on "cuda" or another device of torch's.

    It finds what `exact_search` finds, up to the rounding of the device's products.

    Raises:
        MaskreidError: when it runs, and there is no such device.
    """

    def search(vectors: FloatArray, count: int, progress: Progress) -> Neighbours:
        import torch

        total = len(vectors)
        there = on_device(vectors, device)
        numbers = torch.arange(total, device=there.device)
        nearest, largest = np.empty((total, count), np.int32), np.empty(total, np.float32)
        step = max(1, BLOCK_NUMBERS // total)
        starts = range(0, total, step)
        for start in progress(starts, total=len(starts), what="searching neighbours", unit="block"):
            own = numbers[start : start + step]
            distances = (2 - 2 * there[start : start + step] @ there.T).clamp_(min=0)
            largest[start : start + step] = distances.amax(1).cpu().numpy()
            # Distances that are not negative have the order of their bits; with the item's number behind them no
            # two are equal, and the smallest ones are those that a stable sort puts first.
            keys = (distances.view(torch.int32).to(torch.int64) << 32) | numbers
            keys[own - start, own] = own - (1 << 62)  # whatever rounding says, an item is its own first neighbour
            first = keys.topk(count, largest=False, sorted=True).values & 0xFFFFFFFF
            nearest[start : start + step] = first.cpu().numpy()
        return Neighbours(nearest, np.maximum(largest, np.finfo(np.float32).eps))

    return search
