"""A folder of features is one test's, whatever stopped its writing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from maskreid.errors import MaskreidError
from maskreid.retrieval import Features, read_features, save_folder


def features(count: int) -> Features:
    """(count, 8) features of as many people."""
    vectors = np.random.default_rng(count).normal(size=(count, 8))
    return Features.normalised(vectors, np.arange(count) + 1, np.ones(count, dtype=np.int64))


def test_an_earlier_test_stays_whole_where_a_later_one_does_not_fit(tmp_path: Path, small_disk: None) -> None:
    save_folder(tmp_path, features(4), features(6), features(5))
    with pytest.raises(MaskreidError, match=r"cannot be written \(File too large\)"):
        save_folder(tmp_path, features(40), features(10_000))
    read = read_features(tmp_path)
    assert (len(read.query), len(read.gallery)) == (4, 6)
    assert read.boxes is not None
    assert len(list(tmp_path.iterdir())) == 3, "no parts are left"
