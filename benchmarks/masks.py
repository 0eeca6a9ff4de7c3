"""How much a model's answers depend on its masks: the same test with the masks degraded on purpose.

    python benchmarks/masks.py --model market1501 --data Market-1501-v15.09.15.zip --people 200 --out runs/masks

Prints how alike the degraded masks are to the model's own (mean IoU), and Rank-1 and mAP with its 95 % interval; then
mAP by how much of the query its mask covers, and by its camera, with masks and without. Only images of some of the
test's people are used, and no distractors, so the numbers are higher than those of the whole test.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from maskreid import progress
from maskreid.cli.common import open_data
from maskreid.cli.memory import keep_freed_memory
from maskreid.images import Dataset, PackedImages
from maskreid.network import Model, load_model
from maskreid.retrieval import Metrics, bootstrap, evaluate
from maskreid.training import extract_features, prepare
from maskreid.training.prepare import data_config

Masks = np.ndarray  # (N, H, W) uint8, 1 = person


def grown(masks: Masks, pixels: int) -> Masks:
    """Add a rim of so many pixels; a negative number takes one away."""
    out = masks if pixels > 0 else 1 - masks
    for _ in range(abs(pixels)):
        padded = np.pad(out, ((0, 0), (1, 1), (1, 1)))
        shifted = (padded[:, y : y + out.shape[1], x : x + out.shape[2]] for y in (0, 1, 2) for x in (0, 1, 2))
        out = np.maximum.reduce(list(shifted))
    return out if pixels > 0 else 1 - out


def without_rows(masks: Masks, first: float, last: float) -> Masks:
    """Take away the person between two heights, 0 at the top and 1 at the bottom."""
    out, height = masks.copy(), masks.shape[1]
    out[:, int(first * height) : int(last * height)] = 0
    return out


DEGRADED: dict[str, Callable[[Masks], Masks]] = {
    "its own": lambda masks: masks,
    "none: the whole image": np.ones_like,
    "grown by 3 pixels": lambda masks: grown(masks, 3),
    "shrunk by 3 pixels": lambda masks: grown(masks, -3),
    "moved right by 8 pixels, around the edge": lambda masks: np.roll(masks, 8, axis=2),
    "no legs": lambda masks: without_rows(masks, 0.5, 1),
    "no upper body": lambda masks: without_rows(masks, 0, 0.5),
    "of another image": lambda masks: np.roll(masks, len(masks) // 2, axis=0),
    "inverted": lambda masks: 1 - masks,
}


def main() -> None:
    """Embed and test once for every degradation."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="market1501")
    parser.add_argument("--data", default="synthetic")
    parser.add_argument("--people", type=int, default=200)
    parser.add_argument("--precision", default="bfloat16")
    parser.add_argument("--out", type=Path, default=Path("runs/masks"))
    arguments = parser.parse_args()
    keep_freed_memory()  # as the maskreid command does
    model = load_model(arguments.model)
    query, gallery = packed_people(model, open_data(arguments.data), arguments.people)
    rows, tested = [], {}
    for name, degrade in DEGRADED.items():
        features = []
        for packed in (query, gallery):
            masks = degrade(np.array(packed.masks))
            changed = replace(packed, masks=masks)
            features.append(
                extract_features(model, changed, precision=arguments.precision, progress=progress.terminal)
            )
        tested[name] = evaluate(*features)
        row = row_of(name, tested[name], iou(query.masks, degrade(np.array(query.masks))))
        rows.append(row)
        print(row, flush=True)
    whole = [
        f"{len(query.paths)} queries, {len(gallery.paths)} gallery images, {arguments.people} people\n",
        "| masks | mean IoU with its own | Rank-1 | mAP | 95 % interval |",
        "|---|---:|---:|---:|---:|",
        *rows,
        "",
        *by_group(tested, "mask covers of the query", coverage_groups(query)),
        "",
        *by_group(
            tested, "camera of the query", {f"camera {c}": query.cameras == c for c in np.unique(query.cameras)}
        ),
    ]
    print("\n".join(whole))
    arguments.out.mkdir(parents=True, exist_ok=True)
    (arguments.out / "masks.md").write_text("\n".join(whole) + "\n")
    scores = {name: metrics.as_dict() for name, metrics in tested.items()}
    (arguments.out / "masks.json").write_text(json.dumps(scores, indent=1) + "\n")


def packed_people(model: Model, dataset: Dataset, people: int) -> tuple[PackedImages, PackedImages]:
    """Pack the query and gallery images of the first people of a test."""
    chosen = sorted({image.identity for image in dataset.splits["query"]})[:people]
    query, gallery = (
        prepare(
            dataset.source,
            [image for image in dataset.splits[split] if image.identity in chosen],
            data_config(model),
            progress=progress.terminal,
        )
        for split in ("query", "gallery")
    )
    return query, gallery


def iou(one: Masks, other: Masks) -> float:
    """Mean over the images of the person's intersection over union."""
    both, either = (one & other).sum((1, 2)), (one | other).sum((1, 2))
    return float(np.mean(both / np.maximum(either, 1)))


def row_of(name: str, metrics: Metrics, alike: float) -> str:
    """One line of the first table."""
    low, high = bootstrap(metrics)["map"]
    scores = f"{100 * metrics.rank(1):.2f} | {100 * metrics.map:.2f} | {100 * low:.1f}-{100 * high:.1f}"
    return f"| {name} | {alike:.2f} | {scores} |"


def coverage_groups(query: PackedImages) -> dict[str, np.ndarray]:
    """Queries in four parts of one size, by how much of the image the mask covers."""
    cuts = np.quantile(query.coverage, [0, 0.25, 0.5, 0.75, 1])
    place = np.searchsorted(cuts[1:-1], query.coverage, side="right")
    return {f"{100 * cuts[part]:.0f}-{100 * cuts[part + 1]:.0f} %": place == part for part in range(4)}


def by_group(tested: dict[str, Metrics], what: str, groups: dict[str, np.ndarray]) -> list[str]:
    """A table of mAP with masks and without, for groups of queries."""
    own, none = (tested[name].per_query()["map"] for name in ("its own", "none: the whole image"))
    ranked = np.unique(tested["its own"].queries)
    lines = [f"| {what} | queries | mAP, its own masks | mAP, no masks | difference |", "|---|---:|---:|---:|---:|"]
    for name, chosen in groups.items():
        inside = chosen[ranked]
        with_masks, without = 100 * own[inside].mean(), 100 * none[inside].mean()
        counts = f"| {name} | {inside.sum()} | {with_masks:.2f} | {without:.2f} |"
        lines.append(f"{counts} {with_masks - without:+.2f} |")
    return lines


if __name__ == "__main__":
    main()
