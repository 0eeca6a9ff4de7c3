"""Which modern changes pay? A recipe and one change after the other; what gains on held-out people is kept.

    python benchmarks/ladder.py recipes/ladder.toml --data Market-1501-v15.09.15.zip --out runs/ladder

On two CPU cores, an hour or so at half the width on small images:

    python benchmarks/ladder.py recipes/ladder.toml --data Market-1501-v15.09.15.zip --out runs/ladder-cpu \\
        --set network.width=0.5 --set "network.input_size=[96,40]" --set "data.resize=[112,48]" \\
        --set schedule.iterations=900

Every rung is trained and judged as all others: mAP on the recipe's held-out identities, mean over the seeds; the
interval is the paired one of the first seed's difference to the best rung so far. The test split is never looked at.
Runs that are finished are not trained again. OUT gets ladder.md, ladder.json and best.toml, the recipe at the top.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from maskreid import progress
from maskreid.cli.common import open_data
from maskreid.cli.memory import keep_freed_memory
from maskreid.images import Dataset, holdout_split, split_identities
from maskreid.retrieval import Metrics, compare
from maskreid.training import Recipe, evaluate_model, train


def _data(recipe: Recipe, **changes: object) -> Recipe:
    return replace(recipe, data=replace(recipe.data, **changes))  # type: ignore[arg-type]


def _network(recipe: Recipe, **changes: object) -> Recipe:
    return replace(recipe, network=replace(recipe.network, **changes))  # type: ignore[arg-type]


def _loss(recipe: Recipe, **changes: object) -> Recipe:
    return replace(recipe, loss=replace(recipe.loss, **changes))  # type: ignore[arg-type]


def _schedule(recipe: Recipe, **changes: object) -> Recipe:
    return replace(recipe, schedule=replace(recipe.schedule, **changes))  # type: ignore[arg-type]


def _identities(recipe: Recipe) -> Recipe:
    return replace(recipe, batch=replace(recipe.batch, sampler="identities", identities=16, images=4))


RUNGS: dict[str, Callable[[Recipe], Recipe]] = {
    "softmax alone, DGD's schedule": lambda it: it,
    "warm-up and cosine": lambda it: _schedule(it, policy="cosine", warm_up=it.schedule.iterations // 10),
    "no ReLU, no dropout before the classifier": lambda it: _loss(it, relu=False, dropout=0.0),
    "label smoothing 0.1": lambda it: _loss(it, label_smoothing=0.1),
    "ranking loss too, P x K batches": lambda it: _identities(_loss(it, ranking=1.0)),
    "temperature 0.1": lambda it: _identities(_loss(it, ranking=1.0, temperature=0.1)),
    "triplet loss too": lambda it: _identities(_loss(it, triplet=1.0)),
    "BNNeck": lambda it: _network(it, neck="bn"),
    "random erasing, 0.3": lambda it: _data(it, erase=0.3),
    "moving average 0.999": lambda it: _schedule(it, ema=0.999),
    "1.5 times as wide": lambda it: _network(it, width=1.5 * it.network.width),
    "mirror image at test": lambda it: _data(it, flip_at_test=True),
    "other colours, 0.5": lambda it: _data(it, colour=0.5),
    "a part for the whole, one for each of 3 bands": lambda it: _network(it, bands=3),
    "the generalised mean over places": lambda it: _network(it, pooling="gem"),
}


def main() -> None:
    """Climb, then print and save the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe", type=Path)
    parser.add_argument("--data", required=True)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    keep_freed_memory()  # as the maskreid command does
    dataset = open_data(arguments.data)
    best, best_scores = Recipe.load(arguments.recipe, arguments.set), None
    rows, runs = [], dict[Recipe, Path]()
    for number, (name, change) in enumerate(RUNGS.items()):
        recipe = change(best)
        scores = []
        for seed in range(arguments.seeds):
            seeded = replace(recipe, seed=seed)
            # What only the test asks for is not trained for: the run below has the weights.
            run = runs.setdefault(_data(seeded, flip_at_test=False), arguments.out / f"{number:02d}-seed{seed}")
            scores.append(judged(seeded, dataset, run))
        row: dict[str, object] = {
            "rung": name,
            "rank1": 100 * statistics.mean(each.rank(1) for each in scores),
            "map": 100 * statistics.mean(each.map for each in scores),
            "kept": best_scores is None or mean_map(scores) > mean_map(best_scores),
        }
        if best_scores is not None:
            row["interval"] = [100 * side for side in compare(best_scores[0], scores[0])["map"].interval]
        if row["kept"]:
            best, best_scores = recipe, scores
        rows.append(row)
        print(f"{number}: {row}", flush=True)
    arguments.out.mkdir(parents=True, exist_ok=True)
    table = as_table(rows)
    print(table)
    (arguments.out / "ladder.md").write_text(table + "\n")
    (arguments.out / "ladder.json").write_text(json.dumps(rows, indent=1) + "\n")
    (arguments.out / "best.toml").write_text(best.to_toml())


def judged(recipe: Recipe, dataset: Dataset, run: Path) -> Metrics:
    """Train a recipe, unless that is done, and test it on the held-out people."""
    model = train(_data(recipe, flip_at_test=False), dataset, run, progress=progress.terminal)
    model = model.with_flip(recipe.data.flip_at_test)
    people = held_out_people(recipe, dataset)
    return evaluate_model(model, people, precision="bfloat16", progress=progress.terminal).judgement.main


def held_out_people(recipe: Recipe, dataset: Dataset) -> Dataset:
    """Return the people whom a run of this recipe holds out, as a test."""
    _, kept = split_identities(dataset.splits["train"], recipe.data.held_out, recipe.seed)
    query, gallery = holdout_split(kept, recipe.seed)
    return replace(dataset, splits={"query": tuple(query), "gallery": tuple(gallery)})


def mean_map(scores: list[Metrics]) -> float:
    """Mean mAP over the seeds."""
    return statistics.mean(each.map for each in scores)


def as_table(rows: list[dict[str, object]]) -> str:
    """The ladder as Markdown."""
    lines = ["| change | Rank-1 | mAP | difference, 95 % interval | kept |", "|---|---:|---:|---:|---|"]
    for row in rows:
        low, high = row.get("interval", (None, None))  # type: ignore[misc]
        interval = "" if low is None else f"{low:+.2f} to {high:+.2f}"
        kept = "yes" if row["kept"] else "no"
        lines.append(f"| {row['rung']} | {row['rank1']:.2f} | {row['map']:.2f} | {interval} | {kept} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
