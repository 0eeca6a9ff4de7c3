"""Rows that a kill left, and rows that count."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from maskreid.embedding.unfinished import Unfinished
from maskreid.errors import MaskreidError

ROWS = {"features": ("<f4", (2,)), "masks": ("|u1", (2, 3)), "coverage": ("<f4", ())}


def some(count: int, value: float) -> dict[str, np.ndarray]:
    """So many rows of every array."""
    return {name: np.full((count, *shape), value) for name, (_, shape) in ROWS.items()}


def test_rows_come_back_in_their_order_types_and_shapes(tmp_path: Path) -> None:
    with Unfinished(tmp_path / "kept", "some", ROWS) as kept:
        kept.append(some(3, 1), "one")
        kept.append(some(2, 7), "two")
    with Unfinished(tmp_path / "kept", "some", ROWS) as kept:
        assert (kept.done, kept.digest) == (5, "two")
        for name, array in kept.arrays().items():
            dtype, shape = ROWS[name]
            assert (array.dtype.str, array.shape) == (dtype, (5, *shape))
            assert [row.ravel()[0] for row in array] == [1, 1, 1, 7, 7]


def test_rows_that_nobody_counted_are_cut_off(tmp_path: Path) -> None:
    """A kill came after some arrays had grown."""
    with Unfinished(tmp_path / "kept", "some", ROWS) as kept:
        kept.append(some(3, 1), "one")
        for name in ("features", "coverage"):
            with (kept.folder / name).open("ab") as file:
                file.write(b"\xff" * 21)
    with Unfinished(tmp_path / "kept", "some", ROWS) as kept:
        kept.append(some(1, 7), "two")
        for name, array in kept.arrays().items():
            assert [row.ravel()[0] for row in array] == [1, 1, 1, 7], name


@pytest.mark.parametrize("state", ["", "[]", "5", "null", "{}", '{"settings": "some", "done": 3}', "\x00"])
def test_a_damaged_count_counts_nothing(tmp_path: Path, state: str) -> None:
    with Unfinished(tmp_path / "kept", "some", ROWS) as kept:
        kept.append(some(3, 1), "one")
        (kept.folder / "state.json").write_text(state)
    with Unfinished(tmp_path / "kept", "some", ROWS) as kept:
        assert (kept.done, kept.digest) == (0, "")
        kept.append(some(2, 7), "two")
        assert [float(row[0]) for row in kept.arrays()["features"]] == [7, 7]


@pytest.mark.parametrize(
    ("settings", "rows"),
    [("others", ROWS), ("some", {**ROWS, "features": ("<f2", (2,))}), ("some", {"features": ROWS["features"]})],
)
def test_what_other_settings_left_counts_for_nothing(
    tmp_path: Path, settings: str, rows: dict[str, tuple[str, tuple[int, ...]]]
) -> None:
    with Unfinished(tmp_path / "kept", "some", ROWS) as kept:
        kept.append(some(3, 1), "one")
    with Unfinished(tmp_path / "kept", settings, rows) as kept:
        assert (kept.done, kept.digest) == (0, "")


def test_one_process_at_a_time_and_nothing_is_left_of_no_rows(tmp_path: Path) -> None:
    with Unfinished(tmp_path / "kept", "some", ROWS):
        with (
            pytest.raises(MaskreidError, match=r"kept: another process is writing there; wait for it, or end it"),
            Unfinished(tmp_path / "kept", "some", ROWS),
        ):
            pytest.fail("two at once")
        assert (tmp_path / "kept").exists()
    assert not (tmp_path / "kept").exists()
    with Unfinished(tmp_path / "kept", "some", ROWS) as kept:
        kept.append(some(1, 1), "one")
        kept.begin_again()
    assert not (tmp_path / "kept").exists()
