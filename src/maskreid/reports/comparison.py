"""Two sets of numbers for the same rows, as dots: one panel for each column of a table."""

from __future__ import annotations

from collections.abc import Sequence

from maskreid.reports.curves import COLOURS, INK, svg

Values = Sequence[Sequence[float | None]]  # of each row, for each column


def comparison_plot(
    columns: Sequence[str], rows: Sequence[str], published: Values, ours: Values, spread: Values
) -> str:
    """Draw published numbers as rings and ours as dots with their standard deviation; SVG text.

    Args:
        columns: headings of C panels; one without a number of ours is left out.
        rows: labels of R rows.
        published: R x C percent, None where there is none.
        ours: likewise.
        spread: standard deviations of ``ours``.
    """
    from matplotlib.figure import Figure

    shown = [place for place in range(len(columns)) if any(row[place] is not None for row in ours)]
    figure = Figure(figsize=(2.4 + 2.2 * len(shown), 1.2 + 0.32 * len(rows)))
    panels = figure.subplots(1, len(shown), sharey=True, squeeze=False)[0]
    heights = range(len(rows))
    for axes, place in zip(panels, shown, strict=True):
        for height in heights:
            given, own, error = published[height][place], ours[height][place], spread[height][place]
            if given is not None and own is not None:
                axes.plot([given, own], [height, height], color=INK, alpha=0.4, linewidth=1)
            if given is not None:
                axes.plot(given, height, "o", color=COLOURS[1], markerfacecolor="none")
            if own is not None:
                axes.errorbar(own, height, xerr=error or None, fmt="o", color=COLOURS[0])
        axes.set_xlabel(f"{columns[place]}, %")
        axes.set_yticks(list(heights), rows)
        axes.margins(x=0.15)
        axes.label_outer()
    panels[0].invert_yaxis()
    figure.legend(
        handles=[
            axes.plot([], [], "o", color=COLOURS[1], markerfacecolor="none", label="published")[0],
            axes.plot([], [], "o", color=COLOURS[0], label="ours")[0],
        ],
        loc="upper right",
        ncols=2,
        frameon=False,
        labelcolor=INK,
    )
    return svg(figure, *panels)
