"""Curves of a run: what of the log is drawn."""

from __future__ import annotations

import numpy as np
import pytest

from maskreid.reports.training_curves import loss_curves, running_mean, validation_curves
from maskreid.training.history import History


def history(**losses: list[float]) -> History:
    steps = np.arange(1, len(losses["loss"]) + 1) * 20
    columns = {name: np.array(values) for name, values in losses.items()}
    return History(
        steps,
        columns,
        np.ones(len(steps)),
        np.array([20, 40]),
        {"rank1": np.array([0.5, 0.75]), "map": np.array([0.25, 0.5])},
    )


def test_the_running_mean_against_a_loop() -> None:
    values = np.random.default_rng(0).normal(size=100)
    values[7] = np.nan
    half = round(0.05 * 100 / 2)
    expected = [np.nanmean(values[max(0, place - half) : place + half + 1]) for place in range(100)]
    np.testing.assert_allclose(running_mean(values), expected)


def test_a_loss_that_is_the_whole_is_drawn_once() -> None:
    alone = history(loss=[3.0, 2.0, 1.0], softmax=[3.0, 2.0, 1.0])
    both = history(loss=[3.0, 2.0, 1.0], softmax=[2.0, 1.0, 0.5], ranking=[1.0, 1.0, 0.5])
    first, second = loss_curves({"a": alone, "b": both}).drawn.axes
    assert [text.get_text() for text in first.get_legend().get_texts()] == ["loss"]
    assert [text.get_text() for text in second.get_legend().get_texts()] == ["loss", "softmax", "ranking"]
    np.testing.assert_allclose(first.lines[0].get_data(), ([20, 40, 60], [3, 2, 1]))


def test_validation_is_in_percent_at_its_iterations() -> None:
    figure = validation_curves({"a": history(loss=[1.0])})
    (axes,) = figure.drawn.axes
    np.testing.assert_allclose(axes.lines[0].get_data(), ([20, 40], [50, 75]))
    np.testing.assert_allclose(axes.lines[1].get_data(), ([20, 40], [25, 50]))
    assert "Rank-1 75.0 %" in figure.words


def test_a_run_cut_off_before_its_first_entry_is_an_empty_panel(recwarn: pytest.WarningsRecorder) -> None:
    (axes,) = loss_curves({"a": history(loss=[])}).drawn.axes
    assert axes.get_legend() is None
    assert not recwarn.list
