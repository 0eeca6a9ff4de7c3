"""Curves as SVG text, to stand inside a page."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from maskreid.retrieval import Metrics, OpenSet, Reliability, Similarities

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


def reliability_diagram(measured: Mapping[str, Reliability]) -> str:
    """Draw the probability that was claimed across, and the share of answers that were right up."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 4.2))
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    upper.plot([0, 100], [0, 100], color=INK, linestyle="--", linewidth=1, label="as claimed")
    for colour, (name, each) in zip(COLOURS, measured.items(), strict=False):
        there = each.weight > 0
        label = f"{name} (ECE {each.ece:.3f})"
        upper.plot(100 * each.claimed[there], 100 * each.true[there], "o-", color=colour, label=label)
        edges = np.linspace(0, 100, len(each.weight) + 1)
        lower.stairs(100 * each.weight, edges, fill=True, alpha=0.5, color=colour)
    upper.set_ylabel("answers that were right, %")
    upper.legend(frameon=False, labelcolor=INK)
    lower.set_ylabel("answers, %")
    lower.set_xlabel("probability claimed, %")
    lower.set_xlim(0, 100)
    return svg(figure, upper, lower)


def roc_curve(counted: Similarities) -> str:
    """Draw which share of same-person pairs lies above a threshold that a share of the others reaches."""
    from matplotlib.figure import Figure

    false, true = (np.cumsum(counts[::-1]) / max(1, counts.sum()) for counts in (counted.different, counted.same))
    figure = Figure(figsize=(6.4, 3.2))
    axes = figure.add_subplot()
    axes.plot(100 * false, 100 * true, color=COLOURS[0], linewidth=2)
    axes.set_xscale("log")
    axes.set_xlim(1e-3, 100)
    axes.set_ylim(0, 100)
    axes.set_xlabel("pairs of different people that pass, %")
    axes.set_ylabel("pairs of one person that pass, %")
    return svg(figure, axes)


def det_curve(measured: OpenSet) -> str:
    """Draw the enrolled people missed against false alarms about people who are not enrolled, both on log scales."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 3.2))
    axes = figure.add_subplot()
    missed = 100 * (1 - measured.tpir)
    axes.fill_between(100 * measured.fpir, missed.min(0), missed.max(0), color=COLOURS[0], alpha=0.2, linewidth=0)
    axes.plot(100 * measured.fpir, missed.mean(0), color=COLOURS[0], linewidth=2)
    axes.set_xscale("log")
    axes.set_yscale("log")
    ticks = [0.1, 1, 10, 100]
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    low = max(0.1, float(missed.min()) / 1.5)
    up = [tick for tick in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100) if tick >= low]
    axes.set_yticks(up, [f"{tick:g}" for tick in up])
    axes.minorticks_off()
    axes.set_ylim(low, 100)
    axes.set_xlabel("searches for absent people that raise an alarm (FPIR), %")
    axes.set_ylabel("enrolled people missed\n(1 - TPIR), %")
    return svg(figure, axes)


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
