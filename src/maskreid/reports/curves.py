"""Curves as SVG text, to stand inside a page."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from maskreid.retrieval import Metrics, Similarities

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = ("#0b6bcb", "#c2410c", "#15803d", "#7e22ce")
INK = "#64748b"  # legible on white and on near-black
RANKS = 50


def cmc_curve(metrics: Mapping[str, Metrics]) -> str:
    """Draw the cumulative matching curves: rank 1 to 50 across, percent of the queries up."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 3.6))
    axes = figure.add_subplot()
    for colour, (name, each) in zip(COLOURS, metrics.items(), strict=False):
        ranks = np.arange(1, min(RANKS, each.gallery_size) + 1)
        share = 100 * each.cmc[: len(ranks)]
        axes.plot(ranks, share, color=colour, linewidth=2, label=f"{name} (Rank-1 {share[0]:.1f} %)")
    axes.set_xlabel("rank k")
    axes.set_ylabel("queries with a right answer\namong the first k, %")
    axes.set_xlim(1, RANKS)
    axes.set_ylim(top=100)
    axes.set_xticks([1, 5, 10, 20, 30, 40, 50])
    axes.legend(loc="lower right", frameon=False, labelcolor=INK)
    return svg(figure, axes)


def coverage_histogram(coverage: npt.NDArray[np.float32], min_share: float) -> str:
    """Draw how many masks cover how much of their image, with the share below which the whole image is used."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 2.4))
    axes = figure.add_subplot()
    axes.hist(100 * coverage, bins=list(range(0, 101, 5)), color=COLOURS[0])
    axes.axvline(100 * min_share, color=COLOURS[1], linestyle="--")
    axes.set_xlabel("mask covers, % of the image")
    axes.set_ylabel("images")
    axes.set_xlim(0, 100)
    return svg(figure, axes)


def similarity_plot(counted: Mapping[str, Similarities]) -> str:
    """Draw how similar images of one person are and images of different people, each as a share of its kind.

    One panel for each of ``counted``, by name. Where the two overlap, no threshold can tell them apart.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 0.8 + 1.6 * len(counted)))
    panels = figure.subplots(len(counted), 1, sharex=True, squeeze=False)[:, 0]
    for axes, (name, each) in zip(panels, counted.items(), strict=True):
        for colour, label, counts in (
            (COLOURS[0], "same person", each.same),
            (COLOURS[1], "different people", each.different),
        ):
            axes.stairs(
                100 * counts / max(1, counts.sum()), each.edges, fill=True, alpha=0.5, color=colour, label=label
            )
        axes.set_ylabel(f"{name}\n% of pairs" if name else "% of pairs")
    shown = [edge for each in counted.values() for edge in each.edges[:-1][(each.same + each.different) > 0]]
    panels[0].set_xlim(min(shown, default=-1), 1)
    panels[0].legend(frameon=False, labelcolor=INK)
    panels[-1].set_xlabel("cosine similarity")
    return svg(figure, *panels)


def svg(figure: Figure, *panels: Axes) -> str:
    """Dress a figure's panels and return it as SVG text; the same numbers give the same text."""
    from matplotlib import rc_context

    for axes in panels:
        axes.grid(color=INK, alpha=0.25)
        for spine in axes.spines.values():
            spine.set_visible(False)
        axes.tick_params(colors=INK)
        axes.xaxis.label.set_color(INK)
        axes.yaxis.label.set_color(INK)
    buffer = io.StringIO()
    # Without the date and with a fixed salt; text stays text, to be searched.
    with rc_context({"svg.hashsalt": "maskreid", "svg.fonttype": "none"}):
        figure.savefig(buffer, format="svg", transparent=True, bbox_inches="tight", metadata={"Date": None})
    text = buffer.getvalue()
    return text[text.index("<svg") :]
