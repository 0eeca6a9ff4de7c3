"""Published numbers and ours side by side."""

from __future__ import annotations

from maskreid.reports import comparison_plot


def test_the_key_names_what_is_drawn() -> None:
    columns, rows, ours, spread = (
        ["Rank-1", "mAP"],
        ["softmax", "circle"],
        [(65.5, 44.7), (63.0, 41.8)],
        [(0, 1), (0, 0)],
    )
    both = comparison_plot(columns, rows, [(88.2, 70.6), (None, None)], ours, spread).svg()
    alone = comparison_plot(columns, rows, [(None, None)] * 2, ours, spread).svg()
    assert "<!-- published -->" in both
    assert "<!-- published -->" not in alone
    assert "<!-- ours -->" in alone


def test_a_column_without_a_number_of_ours_is_left_out() -> None:
    drawn = comparison_plot(["VIPeR", "PRID"], ["DGD"], [(38.6, 64.0)], [(13.0, None)], [(0, None)])
    assert drawn.words == "Published numbers and ours: VIPeR; rows DGD"
    assert "<!-- PRID, % -->" not in drawn.svg()
