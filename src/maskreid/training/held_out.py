"""People whom models did not learn, as a test to choose a model on: the test split is for the one that was chosen."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from maskreid.errors import MaskreidError
from maskreid.images import Dataset, PersonImage
from maskreid.images.records import UNKNOWN_CAMERA
from maskreid.network import Model
from maskreid.progress import Progress, silent
from maskreid.retrieval import Features
from maskreid.training.extract import extract_features
from maskreid.training.learned import learned_people
from maskreid.training.prepare import data_config, prepare


def held_out_test(models: Sequence[Model], dataset: Dataset, *, without: Collection[int] = ()) -> Dataset:
    """Return a test of the people whom none of these models has learned, among those whom all have.

    Every image of an unlearned person is a query, and all "train" images are the gallery (all images of a dataset
    without them; never a test split beside a training split). Few people alone are found too easily to part good
    models; what was learned from makes strangers of the same cameras.

    Args:
        models: to be compared.
        dataset: what they learned from, or another one, of which all people are asked for.
        without: identities to leave out, such as people who are there under two numbers.

    Returns:
        The dataset with the splits "query" and "gallery".

    Raises:
        MaskreidError: nobody there has an identity of ``without``, the models learned everybody, or some people were
            learned by one of them and not by another.
    """
    training = dataset.training_images()
    if nobody := sorted(set(without) - {image.identity for image in training}):
        raise MaskreidError(f"{dataset.source.name}: nobody has the identity {nobody[0]}, who is to be left out")
    images = [image for image in training if image.identity not in without]
    people, *others = (_unlearned(model, dataset, images) for model in models)
    different = {identity for each in others for identity in people ^ each}
    if different:
        raise MaskreidError(
            f"{dataset.source.name}: these models held out different people ({len(different)} were learned by one "
            "and not by another); compare models of the same data.held_out and seed"
        )
    query = tuple(image for image in images if image.identity in people)
    return replace(dataset, splits={"query": query, "gallery": tuple(images)})


def held_out_features(
    model: Model,
    test: Dataset,
    *,
    cache: Path | None = None,
    precision: str = "float32",
    progress: Progress = silent,
) -> tuple[Features, Features]:
    """Embed a `held_out_test`: (query, gallery), each image once, since the queries are in the gallery too.

    An image does not answer itself: the market1501 protocol passes over the query's own camera, and here each image
    of an unknown camera has a camera of its own.

    Args:
        model: one of those that the test was made for.
        test: from `held_out_test`.
        cache: where packed images are kept.
        precision: of the network, "float32" or "bfloat16".
        progress: told about every stage.
    """
    packed = prepare(test.source, test.splits["gallery"], data_config(model), cache=cache, progress=progress)
    gallery = extract_features(model, packed, precision=precision, progress=progress)
    own = 1 + gallery.cameras.max() + np.arange(len(gallery))
    gallery = replace(gallery, cameras=np.where(gallery.cameras == UNKNOWN_CAMERA, own, gallery.cameras))
    people = {image.identity for image in test.splits["query"]}
    return gallery.take(np.flatnonzero(np.isin(gallery.identities, sorted(people)))), gallery


def _unlearned(model: Model, dataset: Dataset, images: Sequence[PersonImage]) -> set[int]:
    """Return those of the images' identities that the model did not learn; refuse if there are none."""
    people = {image.identity for image in images if image.identity > 0}
    if not people:
        raise MaskreidError(f"{dataset.source.name}: no image says who it shows; give a dataset with identities")
    strangers = people - learned_people(model.card["training"], dataset)
    if not strangers:
        raise MaskreidError(
            f"{dataset.source.name}: the model learned from all of these people; take others, or train it with "
            "data.held_out"
        )
    return strangers
