"""Camera pairs as coloured tables: one model, or the gain of one over another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from maskreid.errors import MaskreidError
from maskreid.reports.figure import WIDTH, Figure, canvas
from maskreid.reports.tables import camera_name
from maskreid.retrieval import CameraPairs

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CELL = 0.42  # inches, at least
LOWEST = 1.6  # inches; the label of the rows needs as much
LIGHT, DARK = "#ffffff", "#000000"  # of the numbers, whichever can be read
PALE, BLUE, BROWN, MIDDLE = "#e3eef9", "#08407a", "#8a3a06", "#f3f4f6"

Values = npt.NDArray[np.float64]


def camera_heat_map(pairs: CameraPairs) -> Figure:
    """Draw Rank-1 (upper number, and the colour) and mAP (lower number) from each camera to each other, percent."""
    rank1 = 100 * pairs.rank1
    words = "Rank-1 and mAP from each camera to each other"
    if np.isfinite(rank1).any():
        words += f"; Rank-1 from {np.nanmin(rank1):.1f} to {np.nanmax(rank1):.1f} %"
    texts = [
        [f"{a:.1f}\n{b:.1f}" for a, b in zip(*row, strict=True)] for row in zip(rank1, 100 * pairs.map, strict=True)
    ]
    return _table("camera-pairs", words, pairs, rank1, texts, (PALE, BLUE), (0, 100))


def camera_gain(a: CameraPairs, b: CameraPairs) -> Figure:
    """Draw by how many points Rank-1 (upper, and the colour) and mAP (lower) of ``b`` exceed those of ``a``.

    Raises:
        MaskreidError: the two are not of the same cameras.
    """
    same = np.array_equal(a.query_cameras, b.query_cameras) and np.array_equal(a.gallery_cameras, b.gallery_cameras)
    if not same:
        raise MaskreidError("camera pairs: the two tests are of different cameras; compare tests of the same data")
    rank1, ap = 100 * (b.rank1 - a.rank1), 100 * (b.map - a.map)
    texts = [[f"{x:+.1f}\n{y:+.1f}" for x, y in zip(*row, strict=True)] for row in zip(rank1, ap, strict=True)]
    reach = max(1.0, float(np.nanmax(np.abs(rank1), initial=0)))
    words = "By how many points B is better than A from each camera to each other"
    return _table("camera-pairs-gain", words, a, rank1, texts, (BROWN, MIDDLE, BLUE), (-reach, reach))


def _table(
    name: str,
    words: str,
    pairs: CameraPairs,
    values: Values,
    texts: Sequence[Sequence[str]],
    colours: Sequence[str],
    span: tuple[float, float],
) -> Figure:
    from matplotlib.colors import LinearSegmentedColormap, Normalize

    rows, columns = values.shape
    width = max(WIDTH, 0.7 + CELL * columns)
    ramp, scale = LinearSegmentedColormap.from_list(name, list(colours)), Normalize(*span)
    with canvas(max(LOWEST, 0.75 + CELL * 0.9 * rows), width=width) as (drawn, (axes,)):
        axes.grid(visible=False)
        axes.pcolormesh(np.ma.masked_invalid(values), cmap=ramp, norm=scale, edgecolors="face", linewidth=0)
        for row, column in np.ndindex(rows, columns):
            if not np.isfinite(values[row, column]):
                axes.text(column + 0.5, row + 0.5, "–", ha="center", va="center")
                continue
            colour = LIGHT if _dark(ramp(scale(values[row, column]))) else DARK
            axes.text(
                column + 0.5, row + 0.5, texts[row][column], color=colour, ha="center", va="center", fontsize=6.5
            )
        axes.set_xticks(np.arange(columns) + 0.5, [camera_name(int(camera)) for camera in pairs.gallery_cameras])
        axes.set_yticks(np.arange(rows) + 0.5, [camera_name(int(camera)) for camera in pairs.query_cameras])
        _frame(axes)
    return Figure(name, words, drawn)


def _frame(axes: Axes) -> None:
    axes.xaxis.set_label_position("top")
    axes.xaxis.tick_top()
    axes.set_xlabel("to gallery camera")
    axes.set_ylabel("from query camera")
    axes.invert_yaxis()
    for spine in axes.spines.values():
        spine.set_visible(False)


def _dark(colour: Sequence[float]) -> bool:
    """Whether white has the better contrast with a colour (WCAG's relative luminance)."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour[:3]]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return bool(1.05 / (luminance + 0.05) > (luminance + 0.05) / 0.05)
