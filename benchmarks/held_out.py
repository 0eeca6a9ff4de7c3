"""Finished runs on the people whom they held out: scores, and the paired interval of each difference to the first.

    python benchmarks/held_out.py runs/bands runs/gem --data Market-1501-v15.09.15.zip

For choosing among runs that are no rungs of one ladder (ladder.py). The test split is never looked at.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from ladder import held_out_people

from maskreid import progress
from maskreid.cli.common import open_data
from maskreid.network import load_model
from maskreid.retrieval import compare
from maskreid.training import Recipe, evaluate_model


def main() -> None:
    """Test every run and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN")
    parser.add_argument("--data", required=True)
    arguments = parser.parse_args()
    recipes = [Recipe.load(run / "recipe.toml") for run in arguments.runs]
    if len({(recipe.data.held_out, recipe.seed) for recipe in recipes}) > 1:
        parser.error("these runs held out different people: data.held_out and seed must be the same")
    people = held_out_people(recipes[0], open_data(arguments.data))
    scores = [
        evaluate_model(load_model(run), people, precision="bfloat16", progress=progress.terminal).judgement.main
        for run in map(str, arguments.runs)
    ]
    for run, metrics in zip(arguments.runs, scores, strict=True):
        low, high = (100 * side for side in compare(scores[0], metrics)["map"].interval)
        print(f"{run}: Rank-1 {100 * metrics.rank(1):.2f}, mAP {100 * metrics.map:.2f}, {low:+.2f} to {high:+.2f}")


if __name__ == "__main__":
    main()
