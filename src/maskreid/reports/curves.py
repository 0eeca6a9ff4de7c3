"""Curves of a test: who is found by which rank, and at how many false alarms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from maskreid.reports.figure import DASHES, SERIES, Figure, canvas, shown_name
from maskreid.retrieval import Metrics, OpenSet, Similarities, cmc_interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes

RANKS = 50
SHADE = 0.18
LEAST = 0.1  # percent missed that a logarithmic axis shows; who misses nobody is drawn there
PERCENT = (0.001, 0.01, 0.1, 1, 10, 100)


def cmc_curve(metrics: Mapping[str, Metrics]) -> Figure:
    """Draw the cumulative matching curves with their 95 % intervals, rank 1 to 50 on a log scale."""
    with canvas(2.6) as (drawn, (axes,)):
        words = []
        for colour, dash, (name, each) in zip(SERIES, DASHES, metrics.items(), strict=False):
            low, high = cmc_interval(each, RANKS)
            ranks = np.arange(1, len(low) + 1)
            share = 100 * each.cmc[: len(ranks)]
            words.append(f"{name} (Rank-1 {share[0]:.1f} %)")
            axes.fill_between(ranks, 100 * low, 100 * high, color=colour, alpha=SHADE, linewidth=0)
            marker = "o" if len(ranks) == 1 else ""
            axes.plot(ranks, share, marker=marker, color=colour, linestyle=dash, label=shown_name(words[-1]))
        axes.set_xscale("log")
        axes.set_xlim(1, RANKS)
        axes.set_ylim(top=100)
        ticks = [1, 2, 5, 10, 20, 50]
        axes.set_xticks(ticks, [str(tick) for tick in ticks])
        axes.minorticks_off()
        axes.set_xlabel("rank k")
        axes.set_ylabel("queries with a right answer\namong the first k, %")
        axes.legend(loc="lower right")
    return Figure("cmc", f"Cumulative matching curves: {'; '.join(words)}", drawn)


def roc_points(counted: Similarities) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the shares of pairs of different people, and of one person, at or above each bin: (B,) from the top."""
    false, true = (np.cumsum(counts[::-1]) / max(1, counts.sum()) for counts in (counted.different, counted.same))
    return false, true


def roc_curve(counted: Mapping[str, Similarities]) -> Figure:
    """Draw which share of same-person pairs lies above a threshold that a share of the others reaches."""
    with canvas(2.4) as (drawn, (axes,)):
        for colour, dash, (name, each) in zip(SERIES, DASHES, counted.items(), strict=False):
            false, true = roc_points(each)
            axes.plot(100 * false, 100 * true, color=colour, linestyle=dash, label=shown_name(name))
        if any(each.different.any() for each in counted.values()):  # else there is nothing to put on it
            axes.set_xscale("log")
        axes.set_xlim(PERCENT[0], 100)
        axes.set_ylim(0, 100)
        axes.set_xticks(PERCENT, [f"{tick:g}" for tick in PERCENT])
        axes.minorticks_off()
        axes.set_xlabel("pairs of different people that pass, %")
        axes.set_ylabel("pairs of one person that pass, %")
        _name(axes, counted)
    return Figure("roc", "Pairs that pass a threshold: of one person, against different people", drawn)


def det_curve(measured: Mapping[str, OpenSet]) -> Figure:
    """Draw the enrolled people missed against false alarms about people who are not enrolled, both on log scales."""
    with canvas(2.6) as (drawn, (axes,)):
        words, lowest = [], 100.0
        for colour, dash, (name, each) in zip(SERIES, DASHES, measured.items(), strict=False):
            missed, across = np.maximum(100 * (1 - each.tpir), LEAST), 100 * each.fpir
            axes.fill_between(across, missed.min(0), missed.max(0), color=colour, alpha=SHADE, linewidth=0)
            axes.plot(across, missed.mean(0), color=colour, linestyle=dash, label=shown_name(name))
            words.append(f"{name} misses {100 * (1 - each.at(0.01)[0]):.1f} % at 1 % false alarms".strip())
            lowest = min(lowest, float(missed.min()))
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xlim(PERCENT[2], 100)
        axes.set_xticks(PERCENT[2:], [f"{tick:g}" for tick in PERCENT[2:]])
        low = max(LEAST, lowest / 1.5)
        up = [tick for tick in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100) if tick >= low]
        axes.set_yticks(up, [f"{tick:g}" for tick in up])
        axes.minorticks_off()
        axes.set_ylim(low, 100)
        axes.set_xlabel("searches for absent people that raise an alarm (FPIR), %")
        axes.set_ylabel("enrolled people missed (1 - TPIR), %")
        _name(axes, measured)
    return Figure("det", f"Detection error trade-off: {'; '.join(words)}", drawn)


def _name(axes: Axes, shown: Mapping[str, object]) -> None:
    if len(shown) > 1:
        axes.legend()
