"""What do the mask and the fusion bring? DGD, -F (no mask), -M (no fusion) and the full network, trained alike.

    python benchmarks/ablation.py --seeds 3 --out runs/ablation
    python benchmarks/ablation.py --data Market-1501-v15.09.15.zip --recipe recipes/market1501-1-small.toml \
        --seeds 1 --out runs/ablation-market

Prints one table: mean and standard deviation over the seeds. Runs that are finished are not trained again.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from maskreid import progress
from maskreid.cli.common import open_data
from maskreid.cli.memory import keep_freed_memory
from maskreid.demo import DEMO_RECIPE
from maskreid.experiments import published_tables
from maskreid.experiments.plan import NETWORKS
from maskreid.training import Recipe, evaluate_model, train

LABELS = {row.key: row.label for row in published_tables()["table4"].rows}
COLUMNS = {"rank1": "Rank-1", "map": "mAP", "map_trapezoid": "mAP (trapezoid)"}


def main() -> None:
    """Train every variant with every seed, then print and save the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="synthetic")
    parser.add_argument("--recipe", type=Path, help="the default is the demo's")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="with --recipe")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    keep_freed_memory()  # as the maskreid command does
    if arguments.set and not arguments.recipe:
        parser.error("--set changes the recipe that --recipe names; give both")
    base = Recipe.load(arguments.recipe, arguments.set) if arguments.recipe else DEMO_RECIPE
    dataset = open_data(arguments.data)
    results: dict[str, list[dict[str, float]]] = {}
    for key, name in LABELS.items():
        for seed in range(arguments.seeds):
            chosen = NETWORKS[key]
            network = replace(base.network, streams=chosen.streams, fusion=chosen.fusion)
            recipe = replace(base, seed=seed, network=network)
            run = arguments.out / f"{key}-seed{seed}"
            model = train(recipe, dataset, run, progress=progress.terminal)
            evaluation = evaluate_model(model, dataset, precision="bfloat16", progress=progress.terminal)
            scores = evaluation.judgement.main.as_dict()
            numbers = {column: scores[column] for column in COLUMNS}
            results.setdefault(name, []).append(numbers)
            print(f"{name}, seed {seed}: {numbers}", flush=True)
    table = as_table(results)
    print(table)
    arguments.out.mkdir(parents=True, exist_ok=True)
    (arguments.out / "ablation.json").write_text(json.dumps(results, indent=2) + "\n")
    (arguments.out / "ablation.md").write_text(table + "\n")


def as_table(results: Mapping[str, list[dict[str, float]]]) -> str:
    """Mean +- standard deviation of each column, a variant a row."""
    lines = ["| network | " + " | ".join(COLUMNS.values()) + " |", "|---|" + "---:|" * len(COLUMNS)]
    for name, runs in results.items():
        cells = []
        for column in COLUMNS:
            values = [run[column] for run in runs]
            spread = f" ± {statistics.stdev(values):.2f}" if len(values) > 1 else ""
            cells.append(f"{statistics.mean(values):.2f}{spread}")
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
