"""Images of any size before a segmenter that learned from crops of one height."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import numpy.typing as npt
import torch

from maskreid.images import resize_bilinear

BATCH = 64  # images segmented together ...
PIXELS = 1 << 22  # ... with no more pixels than these, at some 350 bytes each, unless one image has more
NARROWEST, WIDEST = 8, 4  # pixels, and times the height that was learned at: other shapes are squeezed into these
# Level of 255 from which an enlarged mask is the person: a little under half, so that it does not hang on how a half
# is rounded, which an exported graph does in its own way.
PERSON = 120


def seen_size(height: int, width: int, rows: int) -> tuple[int, int]:
    """Return the (height, width) at which an image is segmented: its own shape, at least ``rows`` high.

    And at most a quarter higher: larger people are still known, and have more to tell by.
    """
    seen = _between(rows, height, tallest(rows))
    return seen, _between(NARROWEST, (2 * width * seen + height) // (2 * height), WIDEST * rows)


def tallest(rows: int) -> int:
    """Return the greatest height at which a segmenter that learned at ``rows`` is shown an image."""
    return rows + rows // 4


def _between(low: int, value: int, high: int) -> int:
    """Return a number within bounds, which need not be known before an exported graph runs."""
    bounded: int = torch.sym_min(torch.sym_max(value, low), high)  # type: ignore[no-untyped-call]
    return bounded


def at_rows(
    person: Callable[[npt.NDArray[np.uint8]], npt.NDArray[np.bool_]],
    pixels: Sequence[npt.NDArray[np.uint8]],
    rows: int,
) -> list[npt.NDArray[np.bool_]]:
    """Segment images of any sizes by ``person``, which takes a batch of one size.

    Args:
        person: (N, H, W, 3) uint8 RGB to (N, H, W) bool, true on the person.
        pixels: (H, W, 3) uint8 RGB arrays.
        rows: the height of the crops that it learned from; see `seen_size`.

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
