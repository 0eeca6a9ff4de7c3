r"""Models on the people whom their training held out: scores, and paired intervals of the differences to the first.

    python benchmarks/held_out.py market1501 runs/bands runs/gem --data Market-1501-v15.09.15.zip
    python benchmarks/held_out.py market1501 runs/taught --data Market-1501-v15.09.15.zip --among-learned \
        --without 115 616

For choosing among models that are no rungs of one ladder (ladder.py). The test split is never looked at.
"market1501+runs/bands" is two models that search together, their features one behind the other.

The held-out people are few, and in a gallery of nobody else easy to find. ``--among-learned`` is the harder test of
`maskreid compare --held-out`, for any number of models.
"""

from __future__ import annotations

import argparse
from collections.abc import Collection, Mapping
from dataclasses import replace

from maskreid import progress
from maskreid.cli.common import open_data
from maskreid.cli.memory import keep_freed_memory
from maskreid.images import Dataset, holdout_split
from maskreid.network import Model, load_model
from maskreid.retrieval import Features, compare, evaluate, join_features
from maskreid.training import Recipe, evaluate_model, held_out_features, held_out_test


def main() -> None:
    """Test every model and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "models", nargs="+", metavar="MODEL[+MODEL]", help="run folders, model files or shipped names"
    )
    parser.add_argument("--data", required=True)
    parser.add_argument("--among-learned", action="store_true", help="search among what was learned from, too")
    parser.add_argument("--without", type=int, nargs="*", default=[], help="identities to leave out there")
    arguments = parser.parse_args()
    keep_freed_memory()  # as the maskreid command does
    models = {name: load_model(name) for names in arguments.models for name in names.split("+")}
    dataset = open_data(arguments.data)
    if arguments.among_learned:
        features = among_learned(models, dataset, arguments.without)
    else:
        features = alone(models, dataset)
    scores = []
    for names in arguments.models:
        found = (features[name] for name in names.split("+"))
        scores.append(evaluate(*(join_features(each) for each in zip(*found, strict=True))))
    people = features[arguments.models[0].split("+")[0]][0].identities if arguments.among_learned else None
    for name, metrics in zip(arguments.models, scores, strict=True):
        low, high = (100 * side for side in compare(scores[0], metrics, people=people)["map"].interval)
        print(f"{name}: Rank-1 {100 * metrics.rank(1):.2f}, mAP {100 * metrics.map:.2f}, {low:+.2f} to {high:+.2f}")


def alone(models: Mapping[str, Model], dataset: Dataset) -> dict[str, tuple[Features, Features]]:
    """Return each model's (query, gallery) of the held-out people among themselves, as in training."""
    first, *_ = models.values()
    strangers = held_out_test(list(models.values()), dataset).splits["query"]
    query, gallery = holdout_split(strangers, Recipe.from_table(first.card["training"]["recipe"]).seed)
    people = replace(dataset, splits={"query": tuple(query), "gallery": tuple(gallery)})
    found = {}
    for name, model in models.items():
        features = evaluate_model(model, people, precision="bfloat16", progress=progress.terminal).features
        found[name] = features["query"], features["gallery"]
    return found


def among_learned(
    models: Mapping[str, Model], dataset: Dataset, without: Collection[int]
) -> dict[str, tuple[Features, Features]]:
    """Return each model's (query, gallery) of the held-out people among all, as `maskreid compare --held-out`."""
    test = held_out_test(list(models.values()), dataset, without=without)
    return {
        name: held_out_features(model, test, precision="bfloat16", progress=progress.terminal)
        for name, model in models.items()
    }


if __name__ == "__main__":
    main()
