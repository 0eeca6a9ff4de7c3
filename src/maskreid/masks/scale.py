"""Images of any size before a segmenter that learned from crops of one height."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import numpy.typing as npt
import torch

from maskreid.images import resize_bilinear

BATCH = 64  # images segmented together ...
PIXELS = 1 << 22  # ... with no more pixels than these, at some 350 bytes each, unless one image has more
STEP = 8  # pixels: widths are multiples, so that images of many sizes are few batches
WIDEST = 4  # times the height; what is wider is squeezed
# Level of 255 from which an enlarged mask is the person: a little under half, so that it does not hang on how a half
# is rounded, which an exported graph does in its own way.
PERSON = 120


def seen_size(height: int, width: int, rows: int) -> tuple[int, int]:
    """Return the (height, width) at which an image of another size is segmented: ``rows`` high, of its own shape.

    In whole numbers, and of numbers that an exporter knows only when the graph runs, too.
    """
    columns = STEP * ((2 * width * rows + STEP * height) // (2 * STEP * height))  # the nearest multiple
    columns = torch.sym_max(columns, STEP)  # type: ignore[no-untyped-call]
    return rows, torch.sym_min(columns, WIDEST * rows)  # type: ignore[no-untyped-call]


def at_rows(
    person: Callable[[npt.NDArray[np.uint8]], npt.NDArray[np.bool_]],
    pixels: Sequence[npt.NDArray[np.uint8]],
    rows: int,
) -> list[npt.NDArray[np.bool_]]:
    """Segment images of any sizes by ``person``, which takes a batch of one size and knows people ``rows`` high.

    Args:
        person: (N, H, W, 3) uint8 RGB to (N, H, W) bool, true on the person.
        pixels: (H, W, 3) uint8 RGB arrays.
        rows: the height at which all are segmented; an image that has it, and a width of whole steps, stays as it is.

    Returns:
        (H, W) bool arrays of the images' own sizes, in the same order.
    """
    seen = [resize_bilinear(image, seen_size(image.shape[0], image.shape[1], rows)) for image in pixels]
    sizes: dict[tuple[int, ...], list[int]] = {}
    for index, image in enumerate(seen):
        sizes.setdefault(image.shape, []).append(index)
    masks: dict[int, npt.NDArray[np.bool_]] = {}
    for indices in sizes.values():
        for chosen in _batches(indices, seen[indices[0]]):
            masks.update(zip(chosen, person(np.stack([seen[i] for i in chosen])), strict=True))
    return [_enlarged(masks[i], image.shape[:2]) for i, image in enumerate(pixels)]


def _batches(indices: list[int], image: npt.NDArray[np.uint8]) -> Iterator[list[int]]:
    """Cut up the indices of images that are as large as ``image``."""
    count = max(1, min(BATCH, PIXELS // (image.shape[0] * image.shape[1])))
    for start in range(0, len(indices), count):
        yield indices[start : start + count]


def _enlarged(mask: npt.NDArray[np.bool_], size: tuple[int, int]) -> npt.NDArray[np.bool_]:
    """Return a mask at another size, its outline smooth."""
    if mask.shape == size:
        return mask
    return resize_bilinear(mask.astype(np.uint8) * 255, size) >= PERSON
