"""A run's log as columns, whatever a kill left of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from maskreid.training.history import read_history


def test_lines_become_columns_and_a_cut_line_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_text(
        '{"iteration": 20, "loss": 3.0, "softmax": 2.0, "learning_rate": 0.1, "iterations_per_second": 2}\n'
        '{"iteration": 20, "validation": {"rank1": 0.5, "map": 0.25}}\n'
        '{"iteration": 40, "loss": 2.0, "learning_rate": 0.05}\n'
        '{"iteration": 60, "lo'
    )
    with (tmp_path / "log.jsonl").open("ab") as log:
        log.write(b"\xff\xfe\n")
        log.write(b'{"iteration": null}\n{"iteration": 80, "validation": 3}\n{"iteration": 80, "loss": "x"}\n[1]\n')
    history = read_history(tmp_path)
    assert history
    assert history.iterations.tolist() == [20, 40]
    assert list(history.losses) == ["loss", "softmax"]
    np.testing.assert_array_equal(history.losses["softmax"], [2, np.nan])
    assert history.learning_rate.tolist() == [0.1, 0.05]
    assert history.validated.tolist() == [20]
    assert history.scores["map"].tolist() == [0.25]


def test_no_log_is_no_history(tmp_path: Path) -> None:
    assert read_history(tmp_path) is None
