"""Two models: signs, counts and labels, by hand."""

from __future__ import annotations

import numpy as np
from test_distributions import with_ap

from maskreid.reports.paired import ap_change_histogram, ap_changes, difference_plot
from maskreid.retrieval import Difference, Interval


def test_changes_are_b_less_a_query_by_query() -> None:
    a, b = with_ap([0.2, 0.4, 0.9, 0.5], [0, 0, 1, 2]), with_ap([0.5, 0.5, 0.8, 0.5], [0, 0, 1, 2])
    np.testing.assert_allclose(ap_changes(a, b), [20, -10, 0], atol=1e-9)
    figure = ap_change_histogram(a, b)
    assert figure.words == "B ranks 1 queries better than A, 1 worse, 1 the same"
    (axes,) = figure.drawn.axes
    bars = {round(bar.get_x() + bar.get_width() / 2): bar.get_height() for bar in axes.patches if bar.get_height()}
    assert bars == {20: 1, -10: 1, 0: 1}


def test_a_difference_is_drawn_with_its_interval_and_filled_where_it_leaves_out_zero() -> None:
    figure = difference_plot(
        {
            "rank1": Difference(0.5, 0.52, Interval(-0.01, 0.05), 0.2),
            "map": Difference(0.5, 0.45, Interval(-0.07, -0.03), 0.0001),
        }
    )
    (axes,) = figure.drawn.axes
    intervals = [line.get_xdata() for line in axes.lines[1::2]]
    np.testing.assert_allclose(intervals, [[-1, 5], [-7, -3]])
    np.testing.assert_allclose([line.get_xdata()[0] for line in axes.lines[2::2]], [2, -5])
    assert [line.get_markerfacecolor() == "none" for line in axes.lines[2::2]] == [True, False]
    assert [text.get_text() for text in axes.texts] == ["+2.00   p 0.2000", "-5.00   p 0.0001"]
