"""Two models on the same queries: every score's difference, and which queries make it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from maskreid.reports.figure import GRID, INK, SERIES, Figure, canvas
from maskreid.reports.tables import COLUMNS
from maskreid.retrieval import Difference, Metrics

BINS = 41  # of AP differences from -100 to 100 points: the middle one holds what hardly changed


def difference_plot(differences: Mapping[str, Difference]) -> Figure:
    """Draw B - A of every score with its 95 % interval, in points; filled where the interval leaves out zero."""
    with canvas(0.7 + 0.27 * len(differences)) as (drawn, (axes,)):
        axes.axvline(0, color=INK, linewidth=0.9)
        words = []
        for height, (name, each) in enumerate(differences.items()):
            low, high = (100 * end for end in each.interval)
            value = 100 * each.difference
            colour = SERIES[0] if value >= 0 else SERIES[1]
            clear = low > 0 or high < 0
            axes.plot([low, high], [height, height], color=colour, solid_capstyle="butt")
            axes.plot(value, height, "o", color=colour, markersize=5, markerfacecolor=colour if clear else "none")
            axes.annotate(
                f"{value:+.2f}   p {each.p:.4f}",
                (1.03, height),
                xycoords=("axes fraction", "data"),
                va="center",
                annotation_clip=False,
            )
            words.append(f"{COLUMNS[name]} {value:+.2f} ({low:+.2f} to {high:+.2f})")
        axes.set_yticks(range(len(differences)), [COLUMNS[name] for name in differences])
        axes.grid(visible=False, axis="y")
        axes.margins(x=0.1)
        axes.invert_yaxis()
        axes.set_xlabel("B - A, points, with 95 % interval")
    return Figure("difference", f"B less A: {'; '.join(words)}", drawn)


def ap_changes(a: Metrics, b: Metrics) -> npt.NDArray[np.float64]:
    """Return B's AP less A's of every query, in points: (queries,) float64, by the queries' rows."""
    return 100 * (b.by_query(b.ap) - a.by_query(a.ap))


def ap_change_histogram(a: Metrics, b: Metrics) -> Figure:
    """Draw how many queries B ranks better or worse than A, by points of AP, on a log scale that shows the few."""
    changes = ap_changes(a, b)
    better, worse = int((changes > 0).sum()), int((changes < 0).sum())
    counts, edges = np.histogram(changes, bins=BINS, range=(-100, 100))
    with canvas(2.2) as (drawn, (axes,)):
        colours = [SERIES[0] if middle > 0 else SERIES[1] for middle in (edges[1:] + edges[:-1]) / 2]
        colours[BINS // 2] = GRID
        axes.bar(edges[:-1], counts, np.diff(edges), align="edge", color=colours, edgecolor=GRID, linewidth=0.4)
        axes.set_yscale("symlog", linthresh=1)
        ticks = [0, 1, *(10**power for power in range(1, len(str(int(counts.max(initial=1))))))]
        axes.set_yticks(ticks, [f"{tick:,}" for tick in ticks])
        axes.minorticks_off()
        axes.set_xlim(-100, 100)
        axes.text(0.02, 0.97, f"B worse: {worse:,}", color=SERIES[1], transform=axes.transAxes, va="top")
        axes.text(
            0.98, 0.97, f"B better: {better:,}", color=SERIES[0], transform=axes.transAxes, va="top", ha="right"
        )
        axes.set_ylim(top=3 * axes.get_ylim()[1])
        axes.set_xlabel("AP of a query, B - A, points")
        axes.set_ylabel("queries")
    words = f"B ranks {better:,} queries better than A, {worse:,} worse, {len(changes) - better - worse:,} the same"
    return Figure("average-precision-change", words, drawn)
