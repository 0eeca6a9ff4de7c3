from __future__ import annotations

import time

import numpy as np
import pytest
from starlette.testclient import TestClient

from maskreid.gallery import Asker, Gallery, ask, pooled
from maskreid.images import Dataset, read_image
from maskreid.web.app import make_app
from maskreid.web.desk import Desk
from maskreid.web.errors import NotThereError, WebError
from maskreid.web.queries import OVERHEAD, Queries


def picture(world: Dataset, number: int = 0) -> np.ndarray:
    return read_image(world.source, world.splits["query"][number].path)


def test_a_picture_asks_as_a_dataset_of_it_does(asker: Asker, world: Dataset, gallery: Gallery) -> None:
    made = Gallery.create(gallery.path + "-fcn", gallery.settings.model, masks="fcn")
    paths, vectors = ask(made, world)
    row = paths.index(world.splits["query"][0].path)
    query = Queries(asker).add([picture(world)])
    assert query.vector == pytest.approx(vectors[[row]], abs=1e-5)


def test_several_images_are_pooled_and_masks_change_the_query(asker: Asker, world: Dataset) -> None:
    queries = Queries(asker)
    both = queries.add([picture(world, 0), picture(world, 1)])
    alone = [queries.add([picture(world, number)]).vector for number in (0, 1)]
    assert both.vector == pytest.approx(pooled(np.concatenate(alone)), abs=1e-6)
    before = both.vector
    drawn = both.images[0].drawn
    queries.change(both.id, 0, masked=False)
    assert np.abs(queries.get(both.id).vector - before).max() > 1e-3
    half = drawn.copy()
    half[: len(half) // 2] = False
    queries.change(both.id, 0, mask=half)
    assert (queries.image(both.id, 0).mask == half).all()
    painted = queries.get(both.id).vector
    queries.change(both.id, 0, masked=False)
    queries.change(both.id, 0)  # as it was painted
    assert queries.get(both.id).vector == pytest.approx(painted, abs=1e-6)
    queries.change(both.id, 0, mask=drawn)
    assert queries.get(both.id).vector == pytest.approx(before, abs=1e-6)


def test_a_mask_that_would_not_count_is_refused(asker: Asker, world: Dataset) -> None:
    queries = Queries(asker)
    query = queries.add([picture(world)])
    vector = query.vector
    few = np.zeros_like(query.images[0].drawn)
    few[0, :2] = True
    with pytest.raises(WebError, match=r"covers 0\.\d % of the image, and 5 % are the least that counts"):
        queries.change(query.id, 0, mask=few)
    assert (queries.get(query.id).vector == vector).all()
    query.images[0].mask = few  # as the segmenter may draw it
    with pytest.raises(WebError, match="the least that counts"):
        queries.change(query.id, 0)
    queries.change(query.id, 0, mask=few, masked=False)
    assert not queries.image(query.id, 0).masked


def test_a_model_without_masks_takes_none(asker: Asker, world: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asker, "masked", False)
    queries = Queries(asker)
    query = queries.add([picture(world)])
    with pytest.raises(WebError, match="reads no masks"):
        queries.change(query.id, 0)


def test_what_nobody_asks_for_again_is_forgotten_too(
    desk: Desk, asker: Asker, world: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("maskreid.web.app.MINUTE", 0.01)
    now = [0.0]
    desk.queries = Queries(asker, seconds=100, clock=lambda: now[0])
    desk.queries.add([picture(world)])
    with TestClient(make_app(desk)):
        time.sleep(0.2)
        assert desk.queries._kept
        now[0] = 101
        until = time.monotonic() + 5
        while desk.queries._kept and time.monotonic() < until:
            time.sleep(0.01)
    assert not desk.queries._kept


def test_queries_are_forgotten_by_age_and_by_size(asker: Asker, world: Dataset) -> None:
    now = [0.0]
    one = picture(world)
    queries = Queries(
        asker, seconds=100, size=int(2.5 * (one.nbytes + 2 * one[..., 0].nbytes + OVERHEAD)), clock=lambda: now[0]
    )
    first = queries.add([one]).id
    second = queries.add([one]).id
    queries.get(first)
    third = queries.add([one]).id  # too much: the second was unused for longest
    with pytest.raises(NotThereError):
        queries.get(second)
    now[0] = 90
    queries.get(first)
    now[0] = 150
    queries.get(first)
    with pytest.raises(NotThereError):
        queries.get(third)
    queries.drop(first)
    with pytest.raises(NotThereError):
        queries.get(first)
    assert len({first, second, third}) == 3
    assert all(len(each) >= 24 for each in (first, second, third))


def test_an_image_that_a_query_does_not_have(asker: Asker, world: Dataset) -> None:
    queries = Queries(asker)
    query = queries.add([picture(world, 0), picture(world, 1)])
    assert queries.image(query.id, 1) is query.images[1]
    for number in (-1, 2):
        with pytest.raises(NotThereError, match=f"this query has 2 images; there is no number {number}"):
            queries.image(query.id, number)
        with pytest.raises(NotThereError, match=f"there is no number {number}"):
            queries.change(query.id, number, masked=False)


def test_the_mask_that_was_made_stays_beside_the_one_that_was_painted(asker: Asker, world: Dataset) -> None:
    queries = Queries(asker)
    query = queries.add([picture(world)])
    drawn = query.images[0].drawn
    painted = np.ones_like(drawn)
    assert (drawn != painted).any()
    changed = queries.change(query.id, 0, mask=painted)
    assert queries.image(query.id, 0) is changed
    assert (changed.drawn == drawn).all()
    assert (changed.mask == painted).all()


def test_the_whole_picture_asks_where_its_mask_misses_the_person(
    asker: Asker, world: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = picture(world)
    nothing, whole = np.zeros(one.shape[:2], np.bool_), np.ones(one.shape[:2], np.bool_)
    monkeypatch.setattr(asker, "mask", lambda _: nothing)
    queries = Queries(asker)
    query = queries.add([one])
    assert not query.images[0].masked
    assert query.vector == pytest.approx(asker.vector(one, whole), abs=1e-6)
    assert not queries.change(query.id, 0, masked=False).masked


def test_a_model_that_reads_no_masks_is_asked_with_the_whole_picture(
    asker: Asker, world: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asker, "masked", False)
    queries = Queries(asker)
    query = queries.add([picture(world)])
    assert not query.images[0].masked
    assert not queries.change(query.id, 0, masked=False).masked


def test_the_last_query_is_kept_however_large_it_is(asker: Asker, world: Dataset) -> None:
    queries = Queries(asker, size=1)
    first = queries.add([picture(world)]).id
    assert queries.get(first).id == first
    second = queries.add([picture(world)]).id
    with pytest.raises(NotThereError):
        queries.get(first)
    assert queries.get(second).id == second


def test_all_that_is_kept_of_an_image_counts(asker: Asker, world: Dataset) -> None:
    """Its pixels, both masks, and what the smallest image takes."""
    one = picture(world)
    (image,) = Queries(asker).add([one]).images
    height, width = one.shape[:2]
    assert image.size == (3 + 1 + 1) * height * width + OVERHEAD
