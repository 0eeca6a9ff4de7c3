from __future__ import annotations

import numpy as np
import pytest
from made_up import put, unit

from maskreid.errors import MaskreidError
from maskreid.gallery import Asker, Filter, Gallery, browse, duplicates, occlusion
from maskreid.images import Dataset, read_image


def test_orders_and_pages(empty: Gallery) -> None:
    ids = put(empty, unit(5), cameras=[2, 1, 2, 1, 3], times=[5.0, 4.0, None, 2.0, 1.0])
    by_time = browse(empty, order="time")
    assert [entry.time for entry in by_time.entries] == [1, 2, 4, 5, None]
    by_camera = browse(empty, order="camera")
    assert [(entry.camera, entry.time) for entry in by_camera.entries] == [(1, 2), (1, 4), (2, 5), (2, None), (3, 1)]
    pages = [browse(empty, offset=offset, limit=2) for offset in (0, 2, 4, 6)]
    assert [page.total for page in pages] == [5] * 4
    assert sorted(entry.id for page in pages for entry in page.entries) == sorted(ids)
    assert browse(empty, Filter(cameras=(1,)), order="time").total == 2
    assert browse(empty, Filter(cameras=(9,))).entries == []


def test_poor_masks(filled: Gallery) -> None:
    found = browse(filled, order="coverage", poor=True, limit=1000)
    everybody = filled.entries()
    assert {entry.id for entry in found.entries} == {
        entry.id for entry in everybody if entry.coverage < 0.08 or entry.coverage > 0.75
    }
    shares = [entry.coverage for entry in browse(filled, order="coverage", limit=1000).entries]
    assert shares == sorted(entry.coverage for entry in everybody)


def test_duplicates_are_all_pairs_above_the_limit(empty: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = unit(40)
    vectors[7] = vectors[31]
    vectors[12] = 0.999 * vectors[3] + 0.02 * vectors[4]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    ids = put(empty, vectors)
    monkeypatch.setattr("maskreid.gallery.listing.BLOCK", 6)
    found = duplicates(empty, least=0.99)
    assert [{a.id, b.id} for _, a, b in found] == [{ids[7], ids[31]}, {ids[3], ids[12]}]
    assert found[0][0] == pytest.approx(1, abs=1e-5)
    monkeypatch.setattr("maskreid.gallery.listing.MOST", 39)
    with pytest.raises(MaskreidError, match="too many"):
        duplicates(empty)


def test_occlusion_finds_the_only_region_that_counts(filled: Gallery, world: Dataset) -> None:
    """With a model that sees one corner only, covering that corner loses likeness, and nothing else does."""

    class Corner:
        def vectors(self, pictures: list[np.ndarray], masks: list[np.ndarray]) -> np.ndarray:
            seen = np.array([[float((each[:8, :8] == pictures[0][:8, :8]).mean()), 1.0] for each in pictures])
            return (seen / np.linalg.norm(seen, axis=1, keepdims=True)).astype(np.float32)

    picture = read_image(world.source, world.splits["query"][0].path)
    mask = np.ones(picture.shape[:2], np.bool_)
    corner = Corner()
    other = corner.vectors([picture], [mask])
    lost = occlusion(corner, picture, mask, other)  # type: ignore[arg-type]
    assert lost.argmax() == 0
    assert lost[0, 0] > 0.05
    assert np.abs(lost[4:, 4:]).max() == 0
    real = Asker(filled)
    assert np.isfinite(occlusion(real, picture, real.mask(picture), real.vector(picture, mask))).all()
