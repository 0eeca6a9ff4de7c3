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

from ladder import held_out_people

from maskreid import progress
from maskreid.cli.common import open_data
from maskreid.cli.memory import keep_freed_memory
from maskreid.images.records import identities_of
from maskreid.network import load_model
from maskreid.retrieval import compare, evaluate, join_features
from maskreid.training import Recipe, evaluate_model, held_out_test


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
    recipes = [Recipe.from_table(model.card["training"]["recipe"]) for model in models.values()]
    if len({(recipe.data.held_out, recipe.seed) for recipe in recipes}) > 1:
        parser.error("these models held out different people: data.held_out and seed must be the same")
    dataset = open_data(arguments.data)
    if arguments.among_learned:
        people = held_out_test(list(models.values()), dataset, without=arguments.without)
    else:
        people = held_out_people(recipes[0], dataset)
    features = {
        name: evaluate_model(model, people, precision="bfloat16", progress=progress.terminal).features
        for name, model in models.items()
    }
    whom = identities_of(people.splits["query"]) if arguments.among_learned else None
    scores = []
    for names in arguments.models:
        found = [features[name] for name in names.split("+")]
        scores.append(evaluate(*(join_features([each[split] for each in found]) for split in ("query", "gallery"))))
    for name, metrics in zip(arguments.models, scores, strict=True):
        low, high = (100 * side for side in compare(scores[0], metrics, people=whom)["map"].interval)
        print(f"{name}: Rank-1 {100 * metrics.rank(1):.2f}, mAP {100 * metrics.map:.2f}, {low:+.2f} to {high:+.2f}")


if __name__ == "__main__":
    main()
