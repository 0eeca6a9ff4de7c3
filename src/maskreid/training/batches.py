"""Which images make up batch t: a pure function of the seed and t, so that a resumed run draws the same batches."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from maskreid.errors import MaskreidError
from maskreid.training.recipe import BatchConfig

Indices = npt.NDArray[np.int64]
Sampler = Callable[[int], Indices]  # iteration (from 0) -> image indices


def make_sampler(config: BatchConfig, identities: Indices, seed: int) -> Sampler:
    """Return the sampler that ``config`` names over images with these identities, shape (N,).

    Raises:
        MaskreidError: the training set is too small for the batch.
    """
    if config.sampler == "shuffled":
        return shuffled(len(identities), config.size, seed)
    if config.sampler == "identities":
        return identity_batches(identities, config.identities, config.images, seed)
    return ranking_batches(identities, config.positives, config.negatives, seed)


def shuffled(images: int, size: int, seed: int) -> Sampler:
    """Plain shuffled batches: every image once an epoch, in a new order each; a last partial batch is left out.

    Raises:
        MaskreidError: there are fewer images than in a batch.
    """
    if images < size:
        raise MaskreidError(f"batch.size is {size} but there are only {images} training images; lower batch.size")
    per_epoch = images // size

    def draw(iteration: int) -> Indices:
        epoch, position = divmod(iteration, per_epoch)
        order = np.random.default_rng((seed, 1, epoch)).permutation(images)
        return order[position * size : (position + 1) * size]

    return draw


def identity_batches(identities: Indices, persons: int, each: int, seed: int) -> Sampler:
    """P x K batches: ``persons`` identities with ``each`` images, repeated where a person has fewer.

    In a pass over the identities none comes twice; in each another few, who fill no batch, do not come.

    Raises:
        MaskreidError: there are fewer identities than in a batch.
    """
    groups = _by_identity(identities)
    if len(groups) < persons:
        raise MaskreidError(
            f"batch.identities is {persons} but there are only {len(groups)} training identities; lower it"
        )
    per_epoch = len(groups) // persons

    def draw(iteration: int) -> Indices:
        epoch, position = divmod(iteration, per_epoch)
        order = np.random.default_rng((seed, 2, epoch)).permutation(len(groups))
        rng = np.random.default_rng((seed, 3, iteration))
        chosen = order[position * persons : (position + 1) * persons]
        return np.concatenate([_take(groups[person], each, rng) for person in chosen])

    return draw


def ranking_batches(identities: Indices, positives: int, negatives: int, seed: int) -> Sampler:
    """P/N batches of the paper (10/54): one person with P images, N other persons with one image each.

    A person with only p < P images gives p of them (the paper's "P is set to p"); N stays. The person is drawn
    uniformly among those with two images or more, since a single image has no positive and so no loss.

    Raises:
        MaskreidError: there are too few identities, or none has two images.
    """
    groups = _by_identity(identities)
    anchors = [person for person, images in enumerate(groups) if len(images) > 1]
    if not anchors or len(groups) <= negatives:
        raise MaskreidError(
            f"batch.negatives is {negatives}: expected more than that many training identities, one of them with two "
            f"images or more; got {len(groups)} identities, {len(anchors)} with two images or more"
        )

    def draw(iteration: int) -> Indices:
        rng = np.random.default_rng((seed, 4, iteration))
        person = anchors[rng.integers(len(anchors))]
        same = rng.permutation(groups[person])[:positives]
        others = rng.choice(len(groups) - 1, negatives, replace=False)
        others += others >= person
        return np.concatenate([same, [rng.choice(groups[other]) for other in others]])

    return draw


def _by_identity(identities: Indices) -> list[Indices]:
    order = np.argsort(identities, kind="stable")
    _, starts = np.unique(identities[order], return_index=True)
    return np.split(order, starts[1:])


def _take(images: Indices, count: int, rng: np.random.Generator) -> Indices:
    repeats = -(-count // len(images))
    return np.concatenate([rng.permutation(images) for _ in range(repeats)])[:count]
