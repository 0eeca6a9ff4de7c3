from __future__ import annotations

import json
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from made_up import put, save, unit

from maskreid.errors import MaskreidError
from maskreid.gallery import Filter, Gallery, pooled, recall, remove, search
from maskreid.gallery.tend import build_indexes
from maskreid.network import add_to_card
from maskreid.retrieval import Calibration, Features, rerank


def test_an_entry_finds_itself_first(empty: Gallery) -> None:
    vectors = unit(30)
    ids = put(empty, vectors, identities=[f"p{row}" for row in range(30)])
    for row, hits in zip((3, 7), search(empty, vectors[[3, 7]], top=2), strict=True):
        assert (hits[0].entry.id, hits[0].entry.identity) == (ids[row], f"p{row}")
        assert hits[0].similarity == pytest.approx(1, abs=1e-6)
        assert hits[1].similarity < 1


def test_reranked_as_the_whole_gallery_is(empty: Gallery) -> None:
    """With a gallery that the short list's neighbours cover, the order is that of k-reciprocal re-ranking."""
    rng = np.random.default_rng(0)
    centres = unit(6, seed=1)
    vectors = np.repeat(centres, 8, 0) + 0.25 * rng.normal(size=(48, 16)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    put(empty, vectors)
    queries = unit(4, seed=3)
    nobody = np.zeros(48, np.int64)
    whole = Features.normalised(vectors, nobody, nobody)
    found = search(empty, queries, top=48, reranking=True)
    plain = search(empty, queries, top=48)
    for query, hits, before in zip(queries, found, plain, strict=True):
        asked = Features.normalised(query[None], nobody[:1], nobody[:1])
        distances = rerank(asked, whole).rows(np.array([0]))[0]
        order = [int(hit.entry.path.removeprefix("row")) for hit in hits]
        np.testing.assert_allclose(distances[order], np.sort(distances), atol=1e-5)
        assert order != [int(hit.entry.path.removeprefix("row")) for hit in before]
        assert {hit.entry.id: pytest.approx(hit.similarity, abs=1e-5) for hit in hits} == {
            hit.entry.id: hit.similarity for hit in before
        }


def test_only_the_best_are_re_ranked_however_many_are_asked_for(empty: Gallery) -> None:
    put(empty, unit(150))
    (few,) = search(empty, unit(1, seed=5), top=100, reranking=True)
    (many,) = search(empty, unit(1, seed=5), top=150, reranking=True)
    (plain,) = search(empty, unit(1, seed=5), top=150)
    assert [hit.entry.id for hit in many[:100]] == [hit.entry.id for hit in few]
    assert [hit.entry.id for hit in many[100:]] == [hit.entry.id for hit in plain[100:]]


def test_reranking_nothing_or_one(empty: Gallery) -> None:
    assert search(empty, unit(2), reranking=True) == [[], []]
    put(empty, unit(1))
    assert [len(hits) for hits in search(empty, unit(2), reranking=True)] == [1, 1]


def test_fewer_probes_find_less_and_say_so(empty: Gallery) -> None:
    vectors = unit(2000, seed=1)
    put(empty, vectors)
    build_indexes(empty)
    assert recall(empty, 1000) == 1.0
    few = recall(empty, 1)
    assert 0.1 < few < 0.9
    assert search(empty, vectors[:1], top=1, probes=1)[0][0].entry.path == "row0"


def test_recall_needs_entries(empty: Gallery) -> None:
    put(empty, unit(1))
    with pytest.raises(MaskreidError, match="1 entries are too few"):
        recall(empty, 1)
    with pytest.raises(MaskreidError, match=r"probes: expected at least 1, got 0"):
        recall(empty, 0)


def test_the_wrong_question(empty: Gallery) -> None:
    with pytest.raises(MaskreidError, match=r"expected queries of 16 numbers, got shape \(2, 8\)"):
        search(empty, unit(2, 8))
    for wrong in (100 * unit(2), np.full((2, 16), np.nan), np.zeros((1, 16))):
        with pytest.raises(MaskreidError, match="expected queries of length 1"):
            search(empty, wrong)
    with pytest.raises(MaskreidError, match="top 0"):
        search(empty, unit(1), top=0)


def test_several_images_of_one_person() -> None:
    vectors = np.array([[1, 0], [0, 1]], np.float32)
    np.testing.assert_allclose(pooled(vectors), [[0.5**0.5, 0.5**0.5]], rtol=1e-6)
    with pytest.raises(MaskreidError, match="opposite"):
        pooled(np.array([[1, 0], [-1, 0]], np.float32))


def test_searches_are_logged_if_that_was_wanted(tmp_path: Path, model: str, empty: Gallery) -> None:
    search(empty, unit(1))
    assert not (tmp_path / "g" / "audit.jsonl").exists()
    watched = Gallery.create(tmp_path / "watched", model, audit=True)
    search(watched, unit(2), where=Filter(cameras=(3,)), asked="a.jpg, b.jpg")
    (line,) = (tmp_path / "watched" / "audit.jsonl").read_text().splitlines()
    logged = json.loads(line)
    assert logged["searched"] == "a.jpg, b.jpg"
    assert (logged["queries"], logged["top"], logged["where"]) == (2, 10, "(camera IN (3))")
    assert logged["when"]
    assert logged["who"]


def test_probabilities_follow_the_models_card_and_the_size_searched(tmp_path: Path) -> None:
    calibrated = save(tmp_path / "m")
    calibration = Calibration(10.0, -0.5, -3.0, {"0.01": 0.4}, 5, 100, 0.02, "made up")
    gallery = Gallery.create(tmp_path / "g", calibrated)
    vectors = unit(40)
    put(gallery, vectors, cameras=[1] * 30 + [2] * 10)
    assert {hit.probability for hit in search(gallery, vectors[:1])[0]} == {None}
    add_to_card(calibrated, "calibration", calibration.as_card())
    for where, entries in ((None, 40), (Filter(cameras=(2,)), 10)):
        for hit in search(gallery, vectors[:1], where=where)[0]:
            odds = 10 * hit.similarity - 0.5 * np.log(entries) - 3
            assert hit.probability == pytest.approx(1 / (1 + np.exp(-odds)))


def test_other_masks_or_a_model_that_is_gone_have_no_probabilities(tmp_path: Path) -> None:
    calibrated = save(tmp_path / "m")
    add_to_card(calibrated, "calibration", Calibration(10.0, -0.5, -3.0, {}, 5, 100, 0.02, "made up").as_card())
    assert Gallery.create(tmp_path / "g", calibrated).calibration()
    assert Gallery.create(tmp_path / "h", calibrated, masks="none").calibration() is None
    for name in ("m.json", "m.safetensors"):
        (tmp_path / name).rename(tmp_path / f"moved-{name}")
    gallery = Gallery(tmp_path / "g")
    put(gallery, unit(3))
    assert search(gallery, unit(1))[0][0].probability is None
    card = gallery.model(str(tmp_path / "moved-m")).card
    assert search(gallery, unit(1), card=card)[0][0].probability is not None


def test_probabilities_are_of_the_gallery_s_own_model(tmp_path: Path) -> None:
    """Another model in its place has a card of its own, whose probabilities are of other similarities."""
    made_up = Calibration(10.0, -0.5, -3.0, {}, 5, 100, 0.02, "made up").as_card()
    path = save(tmp_path / "m")
    gallery = Gallery.create(tmp_path / "g", path)
    add_to_card(path, "calibration", made_up)
    assert gallery.calibration()
    save(tmp_path / "m", seed=1)
    add_to_card(path, "calibration", made_up)
    assert gallery.calibration() is None


@pytest.mark.parametrize("room", ["shortlist", "recall"])
def test_beside_a_removal_it_begins_again(empty: Gallery, monkeypatch: pytest.MonkeyPatch, room: str) -> None:
    """The best entry goes after it was found, and before its feature is looked up."""
    vectors = unit(12)
    ids = put(empty, vectors)
    module = import_module(f"maskreid.gallery.{room}")
    looked_up = module.features_of
    asked = 0

    def once_gone(gallery: Gallery, wanted: Iterable[str]) -> dict[str, np.ndarray]:
        nonlocal asked
        asked += 1
        if asked == 1:
            remove(gallery, Filter(ids=(ids[0],)))
        return dict(looked_up(gallery, wanted))

    monkeypatch.setattr(module, "features_of", once_gone)
    if room == "shortlist":
        (hits,) = search(empty, vectors[:1], top=12, reranking=True)
        assert {hit.entry.id for hit in hits} == set(ids[1:])
    else:
        assert recall(empty, 1000) == 1.0
