"""How a run went: its losses, and how well it finds people whom it does not learn from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from maskreid.reports.figure import DASHES, SERIES, Figure, canvas, shown_name

if TYPE_CHECKING:  # torch must not load where only a curve is drawn
    from maskreid.training.history import History

SPAN = 0.05  # share of the run that a point of a smooth line is the mean of
FAINT = 0.3
SCORES = {"rank1": "Rank-1", "map": "mAP"}


def running_mean(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the mean of each value's surroundings, (n,), shorter at both ends; NaN is passed over."""
    half = max(1, round(SPAN * len(values) / 2))
    there = np.isfinite(values)
    sums, counts = (
        np.convolve(each, np.ones(2 * half + 1), "full")[half : half + len(values)]
        for each in (np.where(there, values, 0.0), there.astype(np.float64))
    )
    with np.errstate(invalid="ignore"):
        return np.asarray(sums / counts)


def loss_curves(histories: Mapping[str, History]) -> Figure:
    """Draw the losses of each run over its iterations: batches faint, their running mean strong. One panel a run."""
    with canvas(0.7 + 1.7 * len(histories), nrows=len(histories), sharex=True) as (drawn, panels):
        for axes, (name, history) in zip(panels, histories.items(), strict=True):
            shown = _different(history.losses)
            for place, (loss, values) in enumerate(shown):
                colour, dash = SERIES[place % len(SERIES)], DASHES[place % len(DASHES)]
                label = loss.replace("_", " ")
                axes.plot(history.iterations, values, color=colour, linewidth=0.6, alpha=FAINT)
                axes.plot(history.iterations, running_mean(values), color=colour, linestyle=dash, label=label)
            axes.set_title(name if len(histories) > 1 else "", loc="left")
            axes.set_ylabel("loss")
            axes.set_ylim(bottom=0)
            if shown:  # a run can be cut off before its first entry
                axes.legend(ncols=2)
        panels[-1].set_xlabel("iteration")
        panels[-1].set_xlim(left=0)
    ends = [
        f"{name} {history.losses['loss'][-1]:.2f}"
        for name, history in histories.items()
        if len(history.losses.get("loss", ()))
    ]
    return Figure("losses", f"Losses over the iterations; last batch: {'; '.join(ends)}", drawn)


def validation_curves(histories: Mapping[str, History]) -> Figure:
    """Draw Rank-1 and mAP of people held out of training over the iterations."""
    with canvas(2.2) as (drawn, (axes,)):
        words = []
        for place, (name, history) in enumerate(histories.items()):
            for number, (score, label) in enumerate(SCORES.items()):
                both = f"{name}, {label}" if len(histories) > 1 else label
                values = 100 * history.scores[score]
                axes.plot(
                    history.validated,
                    values,
                    color=SERIES[(place if len(histories) > 1 else number) % len(SERIES)],
                    linestyle=DASHES[number],
                    marker="os"[number],
                    markersize=3,
                    label=shown_name(both),
                )
                if len(values):
                    words.append(f"{both} {values[-1]:.1f} %")
        axes.set_xlim(left=0)
        axes.set_xlabel("iteration")
        axes.set_ylabel("people held out of training, %")
        axes.legend()
    return Figure("validation", f"Scores on people held out of training; at the end: {'; '.join(words)}", drawn)


def _different(losses: Mapping[str, npt.NDArray[np.float64]]) -> list[tuple[str, npt.NDArray[np.float64]]]:
    """The losses that were logged; one that is the whole loss is not drawn twice."""
    whole = losses.get("loss")
    return [
        (name, values)
        for name, values in losses.items()
        if np.isfinite(values).any()
        and (name == "loss" or whole is None or not np.allclose(values, whole, equal_nan=True))
    ]
