"""A model adapted to other cameras, from images of them that nobody labelled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from maskreid.errors import MaskreidError
from maskreid.images import Dataset, PersonImage
from maskreid.masks.named import whole_name
from maskreid.network import Model, adapted, unmeasured
from maskreid.progress import Progress, silent
from maskreid.training.extract import embed_packed
from maskreid.training.learned import refuse_other_split
from maskreid.training.prepare import data_config, prepare

FEWEST = 50  # images: with fewer, what they vary in is chance
MOST = 2_000  # images of one camera: more say no more, and all of two cameras' are compared


def adapt_model(
    model: Model,
    dataset: Dataset,
    *,
    masks: str | None = None,
    cache: Path | None = None,
    progress: Progress = silent,
) -> Model:
    """Whiten a model's feature for a dataset's cameras (`maskreid.network.adapted`); no identity is looked at.

    The "train" images are taken, or all images of a dataset without them, never a test split beside a training split;
    of each camera at most 2,000, spread evenly over its images in their order.

    Args:
        model: any; it stays as it is.
        dataset: images of the cameras that the result is for.
        masks: where masks come from, for the result too, if not from where the model's card says.
        cache: where packed images are kept.
        progress: told about every stage.

    Returns:
        A model on the CPU. Its card says what it was adapted to, and has neither a calibration nor metrics: those
        were of another feature.

    Raises:
        MaskreidError: there are fewer than 50 images, they are all the same to the model, or it learned from another
            random split of this dataset.
    """
    refuse_other_split(model.card["training"], dataset)
    images = _some_of_each_camera(dataset.training_images())
    if len(images) < FEWEST:
        raise MaskreidError(
            f"{dataset.source.name}: {len(images)} images to adapt to, expected {FEWEST} or more, some of each camera"
        )
    packed = prepare(dataset.source, images, data_config(model, masks), cache=cache, progress=progress)
    features = embed_packed(model, packed, precision="bfloat16", unit=False, progress=progress)
    if model.flip:
        features /= 2  # the sum of two views, of which the network's last layer makes one at a time
    try:
        network = adapted(model.network, features, packed.cameras)
    except MaskreidError as error:
        raise MaskreidError(f"{dataset.source.name}: {error}") from None
    cameras = len(np.unique(packed.cameras))
    card = _card(model.card, {"data": dataset.label, "images": len(images), "cameras": cameras})
    if masks and model.network.config.streams > 1:
        policy = {**card["preprocessing"]["masks"], "source": whole_name(masks)}
        card["preprocessing"] = {**card["preprocessing"], "masks": policy}
    return Model(network, card)


def _some_of_each_camera(images: Sequence[PersonImage]) -> list[PersonImage]:
    counts = Counter(image.camera for image in images)
    seen, kept = Counter[int](), []
    for image in images:
        number, count = seen[image.camera], counts[image.camera]
        seen[image.camera] += 1
        if (number + 1) * min(count, MOST) // count > number * min(count, MOST) // count:
            kept.append(image)
    return kept


def _card(card: dict[str, Any], to: dict[str, Any]) -> dict[str, Any]:
    before = card["training"].get("adapted", ())
    return {**unmeasured(card), "training": {**card["training"], "adapted": [*before, to]}}
