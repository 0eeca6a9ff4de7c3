"""What adapting a model to other cameras brings, by how many images of them there are; nobody's label is used.

    python benchmarks/adapting.py market1501 --data viper.zip cuhk01.zip prid2011-single-shot.zip

Only a dataset's training images are looked at. Their people are parted at random, six times: one half is what the
model is adapted to, the other is searched for, each person's first image of the first camera among everybody's first
image of the others. Rank-1 / mAP, means over the six.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from maskreid import progress
from maskreid.cli.common import open_data
from maskreid.cli.memory import keep_freed_memory
from maskreid.images import PackedImages
from maskreid.network import Model, load_model
from maskreid.network.adapt import whitening
from maskreid.retrieval import Features, Metrics, evaluate
from maskreid.training import prepare
from maskreid.training.prepare import data_config

TIMES = 6
EACH = (25, 50, 100, 250)  # images of each camera
NOTHING, ALL, UNKNOWN = "nothing", "all of the half", "the same, cameras unknown"


def main() -> None:
    """Print a row for each number of images, with a column for each dataset."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--data", nargs="+", required=True)
    arguments = parser.parse_args()
    keep_freed_memory()  # as the maskreid command does
    model = load_model(arguments.model)
    found: dict[tuple[str, str], list[Metrics]] = defaultdict(list)
    for name in arguments.data:
        data = open_data(name)
        packed = prepare(data.source, data.splits["train"], data_config(model), progress=progress.terminal)
        for what, metrics in tests(model, packed):
            found[what, name].append(metrics)
    print(f"| adapted to | {' | '.join(Path(name).stem for name in arguments.data)} |")
    for what in (NOTHING, *map(images_of_each, EACH), ALL, UNKNOWN):
        print(f"| {what} | {' | '.join(scores(found[what, name]) for name in arguments.data)} |")


def tests(model: Model, packed: PackedImages) -> Iterator[tuple[str, Metrics]]:
    """Yield what was adapted to, and what is found then."""
    features = model.embed(packed.pixels, packed.masks, precision="bfloat16", unit=False)
    cameras, parts = packed.cameras, model.network.config.parts
    for seed in range(TIMES):
        rng = np.random.default_rng(seed)
        people = rng.permutation(np.unique(packed.identities))
        seen = np.isin(packed.identities, people[: len(people) // 2])
        asked = ~seen

        def adapted_to(
            rows: NDArray[np.int64], cameras: NDArray[np.int64], asked: NDArray[np.bool_] = asked
        ) -> Metrics:
            centre, matrix = whitening(features[rows], cameras[rows], parts)
            return search((features[asked] - centre) @ matrix, packed.identities[asked], packed.cameras[asked])

        yield NOTHING, search(features[asked], packed.identities[asked], cameras[asked])
        for each in EACH:
            rows = [
                rng.permutation(np.flatnonzero(seen & (cameras == camera)))[:each] for camera in np.unique(cameras)
            ]
            if min(map(len, rows)) == each:
                yield images_of_each(each), adapted_to(np.concatenate(rows), cameras)
        yield ALL, adapted_to(np.flatnonzero(seen), cameras)
        yield UNKNOWN, adapted_to(np.flatnonzero(seen), np.full_like(cameras, -1))


def search(features: NDArray[np.float64], identities: NDArray[np.int64], cameras: NDArray[np.int64]) -> Metrics:
    """Search for who is in the first camera among one image of everybody in the others."""
    first = cameras == cameras.min()
    query, gallery = (
        rows[np.unique(identities[rows], return_index=True)[1]] for rows in map(np.flatnonzero, (first, ~first))
    )
    query = query[np.isin(identities[query], identities[gallery])]
    return evaluate(
        *(Features.normalised(features[rows], identities[rows], cameras[rows]) for rows in (query, gallery))
    )


def images_of_each(count: int) -> str:
    """Name a row."""
    return f"{count} images of each camera"


def scores(several: list[Metrics]) -> str:
    """Return the mean Rank-1 / mAP in percent; nothing where a dataset has too few images."""
    if not several:
        return ""
    return " / ".join(
        f"{100 * np.mean(each):.2f}" for each in zip(*((m.rank(1), m.map) for m in several), strict=True)
    )


if __name__ == "__main__":
    main()
