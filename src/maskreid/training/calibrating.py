"""A model's calibration, from people whom it did not learn."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import numpy as np

from maskreid.images import Dataset
from maskreid.network import Model
from maskreid.progress import Progress, silent
from maskreid.retrieval import (
    Calibration,
    Reliability,
    calibrate,
    identity_scores,
    similarities,
)
from maskreid.training.evaluation import product_device
from maskreid.training.held_out import held_out_features, held_out_test

PAIR_BINS = 20_000  # of similarities, so that a threshold is known to 0.0001


def calibrate_model(
    model: Model,
    dataset: Dataset,
    *,
    without: Collection[int] = (),
    cache: Path | None = None,
    precision: str = "float32",
    progress: Progress = silent,
) -> tuple[Calibration, Reliability]:
    """Embed labelled images and fit the map from similarity to probability (`maskreid.retrieval.calibrate`).

    The "train" images are taken, or all images of a dataset without them, never a test split beside a training split.
    If the model learned from these, the people held out of its training are who is asked for, in a gallery of
    everybody; else everybody is asked for.

    Args:
        model: its card says what it learned from.
        dataset: labelled images.
        without: identities to leave out, such as people who are there under two numbers.
        cache: where packed images are kept.
        precision: of the network, "float32" or "bfloat16".
        progress: told about every stage.

    Raises:
        MaskreidError: the model learned from all of these people, or there are too few.
    """
    test = held_out_test([model], dataset, without=without)
    query, gallery = held_out_features(model, test, cache=cache, precision=precision, progress=progress)
    device = product_device(model)
    scores = identity_scores(query, gallery, device=device, progress=progress)
    pairs = similarities(query, gallery, bins=PAIR_BINS, device=device, progress=progress)
    people = len(np.unique(query.identities))
    return calibrate(scores, pairs, f"{dataset.label}, {people} people whom the model did not learn")
