"""Which regions made two pictures alike? Cover one after another and see what is lost."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from maskreid.gallery.asker import Asker, Mask, Picture
from maskreid.gallery.nearest import Vectors

ROWS, COLUMNS = 12, 6  # of the map
REACH = 2  # a patch covers so many cells each way


def occlusion(asker: Asker, picture: Picture, mask: Mask, other: Vectors) -> npt.NDArray[np.float32]:
    """Return how much likeness to ``other`` is lost where a part of the picture is covered, (ROWS, COLUMNS) float32.

    Occlusion sensitivity (Zeiler & Fergus, ECCV 2014): a patch of the picture's mean colour is moved over it, the
    mask stays. What is positive made the two alike; what is negative made them differ. It says what this network
    reacts to, not why two people are one.

    Args:
        asker: model and masks.
        picture: (H, W, 3) uint8 RGB.
        mask: (H, W) bool.
        other: (1, D) unit row of what it is compared with.
    """
    height, width = picture.shape[:2]
    rows, columns = (
        np.linspace(0, height, ROWS + 1).round().astype(int),
        np.linspace(0, width, COLUMNS + 1).round().astype(int),
    )
    covered = [picture]
    mean = picture.reshape(-1, 3).mean(0).astype(np.uint8)
    spans = []
    for row in range(ROWS - REACH + 1):
        for column in range(COLUMNS - REACH + 1):
            patch = picture.copy()
            span = slice(rows[row], rows[row + REACH]), slice(columns[column], columns[column + REACH])
            patch[span] = mean
            covered.append(patch)
            spans.append((row, column))
    scores = asker.vectors(covered, [mask] * len(covered)) @ other[0]
    total, times = np.zeros((ROWS, COLUMNS), np.float32), np.zeros((ROWS, COLUMNS), np.float32)
    for (row, column), score in zip(spans, scores[1:], strict=True):
        cells = slice(row, row + REACH), slice(column, column + REACH)
        total[cells] += scores[0] - score
        times[cells] += 1
    return total / times
