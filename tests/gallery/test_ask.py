from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from maskreid.errors import MaskreidError
from maskreid.gallery import Gallery, ask, search
from maskreid.images import Dataset, open_dataset


def test_an_enrolled_image_is_found_as_a_query(filled: Gallery, world: Dataset) -> None:
    names, vectors = ask(filled, world)
    assert vectors.shape == (len(names), 16)
    place = names.index(world.splits["gallery"][0].path)
    (hits,) = search(filled, vectors[place : place + 1], top=1)
    assert hits[0].entry.path == names[place]
    assert hits[0].similarity == pytest.approx(1, abs=1e-5)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_a_query_that_is_no_image(filled: Gallery, tmp_path: Path) -> None:
    (tmp_path / "bad.jpg").write_bytes(b"no image")
    with pytest.raises(MaskreidError, match=r"bad\.jpg"):
        ask(filled, open_dataset(tmp_path / "bad.jpg", anything=True))
