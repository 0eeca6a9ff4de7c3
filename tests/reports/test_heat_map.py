"""Camera tables: what stands in each cell, and that it can be read."""

from __future__ import annotations

import numpy as np
import pytest
from test_figure import contrast

from maskreid.errors import MaskreidError
from maskreid.reports.heat_map import DARK, LIGHT, camera_gain, camera_heat_map
from maskreid.retrieval import CameraPairs

NAN = float("nan")


def pairs(rank1: list[list[float]], cameras: tuple[int, ...] = (-1, 2)) -> CameraPairs:
    values = np.array(rank1)
    count = np.isfinite(values).astype(int)
    return CameraPairs(np.array(cameras), np.array(cameras), count, values, values / 2)


def test_cells_hold_rank_1_and_map_where_there_are_queries() -> None:
    (axes,) = camera_heat_map(pairs([[NAN, 0.5], [0.25, 1]])).drawn.axes
    assert [text.get_text() for text in axes.texts] == ["–", "50.0\n25.0", "25.0\n12.5", "100.0\n50.0"]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["?", "2"]


def test_one_camera_s_row_leaves_room_for_the_label_beside_it() -> None:
    one = CameraPairs(np.array([1]), np.array([2]), np.ones((1, 1), int), np.ones((1, 1)), np.ones((1, 1)))
    figure = camera_heat_map(one).drawn
    figure.draw_without_rendering()
    label = figure.axes[0].yaxis.label.get_window_extent()
    assert figure.bbox.y0 <= label.y0 < label.y1 <= figure.bbox.y1


def test_numbers_can_be_read_on_every_shade() -> None:
    shades = pairs([[step / 10 for step in range(11)]] * 2, tuple(range(1, 12)))
    shades = CameraPairs(np.array([1, 2]), shades.gallery_cameras, shades.queries, shades.rank1, shades.map)
    (axes,) = camera_heat_map(shades).drawn.axes
    (mesh,) = axes.collections
    cells = mesh.cmap(mesh.norm(np.asarray(mesh.get_array())))[0]
    assert {text.get_color() for text in axes.texts} == {LIGHT, DARK}
    for cell, text in zip(cells, axes.texts[:11], strict=True):
        colour = "#" + "".join(f"{round(255 * part):02x}" for part in cell[:3])
        assert contrast(colour, text.get_color()) >= 4.5, colour


def test_the_gain_is_b_less_a() -> None:
    figure = camera_gain(pairs([[0.5, NAN], [0.5, 0.5]]), pairs([[0.75, NAN], [0.4, 0.5]]))
    assert [text.get_text() for text in figure.drawn.axes[0].texts] == [
        "+25.0\n+12.5",
        "–",
        "-10.0\n-5.0",
        "+0.0\n+0.0",
    ]


def test_other_cameras_are_refused() -> None:
    with pytest.raises(MaskreidError, match="different cameras"):
        camera_gain(pairs([[1.0, 1], [1, 1]]), pairs([[1.0, 1], [1, 1]], (1, 2)))
