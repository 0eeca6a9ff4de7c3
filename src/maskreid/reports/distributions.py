"""How scores, masks and probabilities are spread."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from maskreid.reports.figure import DASHES, GRID, INK, SERIES, Figure, canvas, shown_name
from maskreid.retrieval import Metrics, Reliability, Similarities

FILL = 0.45
BINS = 20


def similarity_plot(
    counted: Mapping[str, Similarities], thresholds: Mapping[str, Mapping[str, float]] | None = None
) -> Figure:
    """Draw how similar images of one person are and images of different people, each as a share of its kind.

    Args:
        counted: one panel for each, by name. Where the two overlap, no threshold can tell them apart.
        thresholds: by the same names: the similarity that a share of the pairs of different people reaches, by that
            share as text.
    """
    thresholds = thresholds or {}
    with canvas(0.9 + 1.5 * len(counted), nrows=len(counted), sharex=True) as (drawn, panels):
        for axes, (name, each) in zip(panels, counted.items(), strict=True):
            for colour, label, counts in (
                (SERIES[0], "right: the same person", each.same),
                (SERIES[1], "wrong: different people", each.different),
            ):
                share = 100 * counts / max(1, counts.sum())
                axes.stairs(share, each.edges, fill=True, alpha=FILL, color=colour)
                axes.stairs(share, each.edges, color=colour, linewidth=1, label=label)
            axes.set_ylim(0, 1.15 * axes.get_ylim()[1])
            lines = thresholds.get(name, {}).items()
            for height, (rate, similarity) in enumerate(sorted(lines, key=lambda line: line[1])):
                axes.axvline(similarity, color=INK, linestyle=":", linewidth=0.9)
                axes.annotate(
                    f"{100 * float(rate):g} %",
                    (similarity, 1 - 0.09 * (height % 2)),
                    xycoords=("data", "axes fraction"),
                    textcoords="offset points",
                    xytext=(2, 0),
                    va="top",
                    fontsize=6.5,
                )
            axes.set_title(name, loc="left")
            axes.set_ylabel("pairs of a kind, %")
        shown = [edge for each in counted.values() for edge in each.edges[:-1][(each.same + each.different) > 0]]
        shown += [similarity for lines in thresholds.values() for similarity in lines.values()]  # for their labels
        panels[0].set_xlim(min(shown, default=-1), 1)
        panels[-1].set_xlabel("cosine similarity")
        drawn.legend(*panels[0].get_legend_handles_labels(), loc="outside upper right", ncols=2)
    return Figure("similarities", "How similar right and wrong pairs are, as histograms", drawn)


def reliability_diagram(measured: Mapping[str, Reliability]) -> Figure:
    """Draw the probability that was claimed across, and the share of answers that were right up."""
    with canvas(3.8, nrows=2, sharex=True, height_ratios=(3, 1)) as (drawn, (upper, lower)):
        upper.plot([0, 100], [0, 100], color=INK, linestyle=":", linewidth=1, label="as claimed")
        words = []
        for colour, dash, (name, each) in zip(SERIES, DASHES, measured.items(), strict=False):
            there = each.weight > 0
            words.append(f"{name} (ECE {each.ece:.3f})")
            upper.plot(
                100 * each.claimed[there],
                100 * each.true[there],
                color=colour,
                linestyle=dash,
                marker="o",
                markersize=3.5,
                label=shown_name(words[-1]),
            )
            edges = np.linspace(0, 100, len(each.weight) + 1)
            lower.stairs(100 * each.weight, edges, color=colour, linestyle=dash, linewidth=1.2)
        upper.set_ylim(0, 100)
        upper.set_ylabel("answers that were right, %")
        drawn.legend(*upper.get_legend_handles_labels(), loc="outside upper left")
        lower.set_ylabel("answers, %")
        lower.set_ylim(bottom=0)
        lower.set_xlabel("probability claimed, %")
        lower.set_xlim(0, 100)
    return Figure("reliability", f"Claimed probability against what came true: {'; '.join(words)}", drawn)


def ap_shares(metrics: Metrics) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return edges (BINS + 1,) of equal bins from 0 to 100 % AP, and the percentage of queries in each (BINS,)."""
    counts, edges = np.histogram(100 * metrics.by_query(metrics.ap), bins=BINS, range=(0, 100))
    return edges, 100 * counts / counts.sum()


def ap_distribution(metrics: Mapping[str, Metrics]) -> Figure:
    """Draw how many queries have which average precision; the mean is the mAP."""
    with canvas(2.2) as (drawn, (axes,)):
        words = []
        for colour, dash, (name, each) in zip(SERIES, DASHES, metrics.items(), strict=False):
            edges, share = ap_shares(each)
            words.append(f"{name} (mAP {100 * each.map:.1f} %)")
            if len(metrics) == 1:
                axes.stairs(share, edges, fill=True, alpha=FILL, color=colour)
            axes.stairs(share, edges, color=colour, linestyle=dash, linewidth=1.2, label=shown_name(words[-1]))
        axes.set_xlim(0, 100)
        axes.set_xlabel("average precision of a query, %")
        axes.set_ylabel("queries, %")
        axes.legend()
    return Figure("average-precision", f"Average precision of the queries: {'; '.join(words)}", drawn)


def coverage_histogram(coverage: npt.NDArray[np.float32], min_share: float) -> Figure:
    """Draw how many masks cover how much of their image, with the share below which the whole image is used."""
    with canvas(1.8) as (drawn, (axes,)):
        axes.hist(100 * coverage, bins=list(range(0, 101, 5)), color=SERIES[0], edgecolor=GRID, linewidth=0.4)
        axes.axvline(100 * min_share, color=SERIES[1], linestyle="--", linewidth=1)
        axes.set_xlabel("mask covers, % of the image")
        axes.set_ylabel("images")
        axes.set_xlim(0, 100)
    if not len(coverage):
        return Figure("mask-coverage", "No masks", drawn)
    words = f"Mask coverage of {len(coverage):,} images, median {100 * float(np.median(coverage)):.0f} %"
    return Figure("mask-coverage", words, drawn)
