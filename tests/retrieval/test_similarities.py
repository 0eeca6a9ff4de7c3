"""Counts of similarities, against loops."""

from __future__ import annotations

import numpy as np
import pytest

from maskreid.errors import MaskreidError
from maskreid.retrieval import Features, blocks, similarities


def counts_by_loops(query: Features, gallery: Features) -> np.ndarray:
    counts = np.zeros((2, 200), int)
    for q in range(len(query)):
        for g in range(len(gallery)):
            known = gallery.cameras[g] != -1
            own = gallery.identities[g] == query.identities[q]
            if gallery.identities[g] == -1 or (own and known and gallery.cameras[g] == query.cameras[q]):
                continue
            value = float(query.vectors[q] @ gallery.vectors[g])
            counts[0 if own else 1, min(199, int((value + 1) * 100))] += 1
    return counts


@pytest.mark.parametrize("rows", [1, 5, 100])
def test_counts_what_loops_count(world, monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 1)
    monkeypatch.setattr(blocks, "FEWEST_ROWS", rows)
    query, gallery = world(3)
    found = similarities(query, gallery)
    expected = counts_by_loops(query, gallery)
    for mine, theirs in zip((found.same, found.different), expected, strict=True):
        assert mine.sum() == theirs.sum() > 0
        assert np.abs(np.cumsum(mine) - np.cumsum(theirs)).max() <= 1  # rounding may move one over an edge
    assert found.edges[[0, 100, 200]].tolist() == [-1, 0, 1]


def test_nobody_is_asked_for_by_junk_and_distractors(world) -> None:
    query, gallery = world(3)
    some = Features(query.vectors, np.where(np.arange(len(query)) < 4, [-1, 0] * 6, query.identities), query.cameras)
    found, alone = similarities(some, gallery), similarities(some.take(np.arange(4, len(some))), gallery)
    assert np.array_equal(found.same, alone.same)
    assert np.array_equal(found.different, alone.different)


def test_similarities_of_one_stay_in_the_last_bin() -> None:
    row = Features(np.array([[1, 0]], np.float32), np.array([1]), np.array([1]))
    gallery = Features(np.array([[1, 0], [-1, 0]], np.float32), np.array([1, 2]), np.array([2, 2]))
    found = similarities(row, gallery)
    assert found.same[-1] == found.same.sum() == 1
    assert found.different[0] == found.different.sum() == 1


def test_refuses_features_of_different_sizes(world) -> None:
    query, _ = world(0)
    _, gallery = world(0, ties=True)
    with pytest.raises(MaskreidError, match="make both with one model"):
        similarities(query, gallery)


def test_there_is_a_bin(world) -> None:
    with pytest.raises(MaskreidError, match=r"bins: expected at least 1, got 0"):
        similarities(*world(3), bins=0)


def test_nobody_to_ask_for_is_refused(world) -> None:
    query, gallery = world(3)
    nobody = Features(query.vectors, np.where(np.arange(len(query)) % 2, -1, 0), query.cameras)
    with pytest.raises(MaskreidError, match="no query names a person"):
        similarities(nobody, gallery)
