from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from small_model import model_of

from maskreid.errors import MaskreidError
from maskreid.images import Dataset, split_identities
from maskreid.retrieval import evaluate
from maskreid.training import held_out_features, held_out_test


def test_every_image_of_who_was_held_out_searches_among_all_that_could_be_learned_from(world: Dataset) -> None:
    made = held_out_test([model_of(world.label, 0.5), model_of(world.label, 0.5)], world)
    learned, kept = split_identities(world.splits["train"], 0.5, 3)
    assert set(made.splits) == {"query", "gallery"}
    assert sorted(image.path for image in made.splits["query"]) == sorted(image.path for image in kept)
    assert made.splits["gallery"] == tuple(world.splits["train"])
    assert not {image.identity for image in made.splits["query"]} & {image.identity for image in learned}
    omitted = {kept[0].identity, learned[0].identity}
    fewer = held_out_test([model_of(world.label, 0.5)], world, without=omitted)
    assert len(fewer.splits["query"]) < len(kept)
    assert not omitted & {image.identity for images in fewer.splits.values() for image in images}


def test_on_other_data_everybody_is_asked_for(world: Dataset) -> None:
    made = held_out_test([model_of("another dataset")], world)
    assert made.splits["query"] == made.splits["gallery"] == tuple(world.splits["train"])
    test_only = replace(world, splits={"gallery": world.splits["gallery"]})
    made = held_out_test([model_of("another dataset")], test_only)
    assert made.splits["gallery"] == world.splits["gallery"]
    assert all(image.identity > 0 for image in made.splits["query"])


def test_an_image_of_an_unknown_camera_does_not_answer_itself(world: Dataset) -> None:
    unknown = tuple(replace(image, camera=-1) for image in world.splits["train"])
    model = model_of("another dataset")
    made = held_out_test([model], replace(world, splits={"train": unknown}))
    metrics = evaluate(*held_out_features(model, made))
    assert len(metrics.queries) == len(unknown)
    assert made.splits["gallery"] == unknown  # packed as all else of these images is, so packed once
    assert metrics.rank(1) < 1  # each image as its own answer would be the first of all


def nobody(world: Dataset) -> Dataset:
    unknown = tuple(replace(image, identity=0) for image in world.splits["gallery"])
    return replace(world, splits={"gallery": unknown}, source=world.source)


def test_models_that_learned_everybody_or_not_the_same_are_refused(world: Dataset) -> None:
    with pytest.raises(MaskreidError, match="learned from all of these people"):
        held_out_test([model_of(world.label)], world)
    with pytest.raises(MaskreidError, match="no image says who it shows"):
        held_out_test([model_of(world.label, 0.5)], nobody(world))
    with pytest.raises(MaskreidError, match=r"held out different people \(\d+ were learned by one"):
        held_out_test([model_of(world.label, 0.5), model_of(world.label, 0.5, seed=4)], world)
    with pytest.raises(MaskreidError, match="held out different people"):
        held_out_test([model_of(world.label, 0.5), model_of("another dataset")], world)


def test_whoever_is_left_out_has_to_be_there(world: Dataset) -> None:
    with pytest.raises(MaskreidError, match=r"nobody has the identity 999, who is to be left out"):
        held_out_test([model_of(world.label, 0.5)], world, without=[1, 999])


def test_queries_are_rows_of_the_gallery_in_the_tests_order(world: Dataset) -> None:
    model = model_of(world.label, 0.5)
    made = held_out_test([model], world)
    query, gallery = held_out_features(model, made)
    assert query.paths == tuple(image.path for image in made.splits["query"])
    assert gallery.paths == tuple(image.path for image in made.splits["gallery"])
    rows = [gallery.paths.index(path) for path in query.paths]
    np.testing.assert_array_equal(query.vectors, gallery.vectors[rows])
