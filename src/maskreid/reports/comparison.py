"""Two sets of numbers for the same rows, as dots: one panel for each column of a table."""

from __future__ import annotations

from collections.abc import Sequence

from maskreid.reports.figure import INK, SERIES, Figure, canvas

Values = Sequence[Sequence[float | None]]  # of each row, for each column


def comparison_plot(
    columns: Sequence[str], rows: Sequence[str], published: Values, ours: Values, spread: Values
) -> Figure:
    """Draw published numbers as rings and ours as dots with their standard deviation.

    Args:
        columns: headings of C panels; one without a number of ours is left out.
        rows: labels of R rows.
        published: R x C percent, None where there is none.
        ours: likewise.
        spread: standard deviations of ``ours``.
    """
    shown = [place for place in range(len(columns)) if any(row[place] is not None for row in ours)]
    heights = range(len(rows))
    size = {"height": 0.9 + 0.28 * len(rows), "width": 1.6 + 1.7 * len(shown)}
    with canvas(**size, ncols=len(shown), sharey=True) as (drawn, panels):
        for axes, place in zip(panels, shown, strict=True):
            for height in heights:
                given, own, error = published[height][place], ours[height][place], spread[height][place]
                if given is not None and own is not None:
                    axes.plot([given, own], [height, height], color=INK, alpha=0.4, linewidth=1)
                if given is not None:
                    axes.plot(given, height, "o", color=SERIES[1], markerfacecolor="none")
                if own is not None:
                    axes.errorbar(own, height, xerr=error or None, fmt="o", color=SERIES[0])
            axes.set_xlabel(f"{columns[place]}, %")
            axes.set_yticks(list(heights), rows)
            axes.margins(x=0.15)
            axes.label_outer()
        panels[0].invert_yaxis()
        keys = [axes.plot([], [], "o", color=SERIES[0], label="ours")[0]]
        if any(row[place] is not None for row in published for place in shown):
            keys = [axes.plot([], [], "o", color=SERIES[1], markerfacecolor="none", label="published")[0], *keys]
        drawn.legend(handles=keys, loc="outside upper right", ncols=2)
    words = f"Published numbers and ours: {', '.join(columns[place] for place in shown)}; rows {', '.join(rows)}"
    return Figure("comparison", words, drawn)
