"""What training a model on labelled people of other cameras brings, without their test.

    python benchmarks/fine_tuning.py recipes/small-compact.toml --data viper.zip prid2011-single-shot.zip cuhk01.zip \
        --set schedule.iterations=1000 --share 0.5 0.75 --out runs/three-quarters

A quarter of each dataset's training people are kept apart. The recipe learns from all others together, and from all
training images of the datasets of ``--beside``. Then each image of the first camera that shows one of the quarter is
searched for in the other cameras: among the quarter alone, and among all of the dataset's training people. Of the
datasets of ``--unseen``, from which nothing is learned, all training people are searched for. It prints Rank-1 / mAP
(rectangular) of the model that the recipe starts from, of what it became, and of mixtures of the two (``--share``). A
run that is there is taken up again.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from maskreid import progress
from maskreid.cli.common import open_data
from maskreid.cli.memory import keep_freed_memory
from maskreid.images import Dataset, PersonImage, join_datasets, split_identities
from maskreid.images.records import identities_of
from maskreid.network import Model, load_model
from maskreid.retrieval import Metrics, evaluate
from maskreid.training import Recipe, extract_features, mix_models, prepare, train
from maskreid.training.prepare import data_config

APART = 0.25


def main() -> None:
    """Print a row for each model and gallery, with a column for each dataset."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe", help="with an init and data.held_out = 0")
    parser.add_argument("--data", nargs="+", required=True)
    parser.add_argument("--beside", nargs="+", default=[])
    parser.add_argument("--unseen", nargs="+", default=[])
    parser.add_argument(
        "--share", nargs="+", type=float, default=[], help="test mixtures with so much of the trained"
    )
    parser.add_argument("--people", type=int, help="learn from so many of each dataset only")
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    keep_freed_memory()  # as the maskreid command does
    recipe = Recipe.load(arguments.recipe, arguments.set)
    datasets = [open_data(name) for name in arguments.data]
    parted = [split_identities(dataset.splits["train"], APART, seed=0) for dataset in datasets]
    learned = [
        replace(dataset, splits={"train": some_people(images, arguments.people)})
        for dataset, (images, _) in zip(datasets, parted, strict=True)
    ]
    joined = join_datasets([*map(open_data, arguments.beside), *learned])
    trained = train(recipe, joined, arguments.out, progress=progress.terminal)
    unseen = [open_data(name) for name in arguments.unseen]
    searched = [(dataset, apart) for dataset, (_, apart) in zip(datasets, parted, strict=True)]
    searched += [(dataset, dataset.splits["train"]) for dataset in unseen]
    print(f"| Rank-1 / mAP | {' | '.join(Path(name).stem for name in (*arguments.data, *arguments.unseen))} |")
    start = load_model(recipe.init)
    models = {recipe.init: start, str(arguments.out): trained}
    models |= {f"{share:g} of {arguments.out}": mix_models(trained, start, share) for share in arguments.share}
    for name, model in models.items():
        found = [list(tests(model, dataset, asked)) for dataset, asked in searched]
        for where, row in zip(("among themselves", "among all"), zip(*found, strict=True), strict=True):
            print(f"| {name}, {where} | {' | '.join(map(scores, row))} |")


def some_people(images: Sequence[PersonImage], count: int | None) -> tuple[PersonImage, ...]:
    """Return the images of so many people, drawn at random, or of all."""
    people = np.unique(identities_of(images))
    drawn = set(np.random.default_rng(0).permutation(people)[:count].tolist())
    return tuple(image for image in images if image.identity in drawn)


def tests(model: Model, dataset: Dataset, people: Sequence[PersonImage]) -> Iterator[Metrics]:
    """Search for people of whom nothing was learned: among themselves, then among everybody."""
    packed = prepare(dataset.source, dataset.splits["train"], data_config(model), progress=progress.terminal)
    features = extract_features(model, packed, progress=progress.terminal)
    first = features.cameras == features.cameras.min()
    asked = np.isin(features.identities, identities_of(people))
    for gallery in (~first & asked, ~first):
        yield evaluate(features.take(np.flatnonzero(first & asked)), features.take(np.flatnonzero(gallery)))


def scores(metrics: Metrics) -> str:
    """Return Rank-1 / mAP in percent."""
    return f"{100 * metrics.rank(1):.2f} / {100 * metrics.map:.2f}"


if __name__ == "__main__":
    main()
