from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from maskreid.errors import MaskreidError
from maskreid.gallery import Filter, Gallery, export, features_of
from maskreid.images import open_dataset
from maskreid.retrieval import Features


def test_what_is_written_is_what_training_and_evaluation_read(filled: Gallery, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert export(filled, out) == len(filled)
    dataset = open_dataset(out / "entries.csv")
    entries = filled.entries()
    known = [entry for entry in entries if entry.identity]
    assert (len(dataset.splits["train"]), len(dataset.splits["gallery"])) == (len(known), len(entries) - len(known))
    named = Counter(dataset.identity_names[image.identity] for image in dataset.splits["train"])
    assert named == Counter(entry.identity for entry in known)
    features = Features.load(out / "features.npz")
    assert features.model == filled.settings.fingerprint
    vectors = features_of(filled, features.paths)
    for id_, vector in zip(features.paths, features.vectors, strict=True):
        np.testing.assert_allclose(vectors[id_], vector, atol=1e-6)


def test_a_part(filled: Gallery, tmp_path: Path) -> None:
    count = export(filled, tmp_path / "out", Filter(cameras=(2,)))
    assert count == filled.count(Filter(cameras=(2,))) < len(filled)
    assert len(list((tmp_path / "out" / "thumbnails").iterdir())) == count


def test_nothing_meant(filled: Gallery, tmp_path: Path) -> None:
    with pytest.raises(MaskreidError, match="no entry is meant"):
        export(filled, tmp_path / "out", Filter(cameras=(77,)))
