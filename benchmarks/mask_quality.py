"""Does a search find better where the query's mask is better? On people whom the model did not learn, not on a test.

    python benchmarks/mask_quality.py --data Market-1501-v15.09.15.zip --labels market1501-train-parsing.zip \\
        --without 115 616

Each image of the held-out people is a query among all training images, as in ``maskreid compare --held-out``. How
good its mask is: intersection over union of the segmenter's with the labelled one, at the image's own size. Queries
go into four parts of one size by that; for each, Rank-1 and mAP with the masks, and mAP where all images count whole.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np

from maskreid import progress
from maskreid.cli.common import open_data
from maskreid.cli.memory import keep_freed_memory
from maskreid.images import open_source, read_image
from maskreid.images.decode import read_mask
from maskreid.masks import FcnMasks
from maskreid.network import load_model
from maskreid.retrieval import Metrics, evaluate
from maskreid.training import extract_features, held_out_features, held_out_test, prepare
from maskreid.training.prepare import data_config

PARTS = 4


def main() -> None:
    """Embed with masks and without, compare masks with labels, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="market1501")
    parser.add_argument("--data", required=True)
    parser.add_argument("--labels", required=True, help="label maps by the images' names, 0 = background")
    parser.add_argument("--without", type=int, nargs="*", default=())
    arguments = parser.parse_args()
    keep_freed_memory()  # as the maskreid command does
    model = load_model(arguments.model)
    test = held_out_test([model], open_data(arguments.data), without=set(arguments.without))
    query, gallery = held_out_features(model, test, precision="bfloat16", progress=progress.terminal)
    masked = evaluate(query, gallery)
    packed = prepare(test.source, test.splits["gallery"], data_config(model), progress=progress.terminal)
    whole = replace(packed, masks=np.ones_like(packed.masks))
    bare = extract_features(model, whole, precision="bfloat16", progress=progress.terminal)
    bare = replace(bare, cameras=gallery.cameras)
    unmasked = evaluate(bare.take(np.flatnonzero(np.isin(bare.identities, query.identities))), bare)

    labels = open_source(arguments.labels)
    maps = {Path(member).stem: member for member in labels.members()}
    images = {image.path: image for image in test.splits["query"]}
    wanted = [row for row in masked.queries if Path(query.paths[row]).stem in maps]
    chosen = [images[query.paths[row]] for row in wanted]
    native = [read_image(test.source, image.path) for image in chosen]
    found = FcnMasks()(test.source, chosen, native)
    truth = [read_mask(labels, maps[Path(image.path).stem]) for image in chosen]
    quality = np.array([(one & two).sum() / max((one | two).sum(), 1) for one, two in zip(found, truth, strict=True)])
    people = query.identities[np.array(wanted)]
    print(
        f"{len(wanted)} of {len(masked.queries)} queries have a label map, of {len(set(people.tolist()))} people; "
        f"{len(gallery):,} gallery images; mean IoU {quality.mean():.3f}\n"
    )
    print("| IoU of the query's mask | queries | people | Rank-1 | mAP | mAP, whole images | difference |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    cuts = np.quantile(quality, np.linspace(0, 1, PARTS + 1))
    part = np.searchsorted(cuts[1:-1], quality, side="right")
    for number in range(PARTS):
        inside = part == number
        own, first = scores(masked, wanted, inside)
        without, _ = scores(unmasked, wanted, inside)
        print(
            f"| {cuts[number]:.2f}-{cuts[number + 1]:.2f} | {inside.sum()} | {len(set(people[inside].tolist()))} | "
            f"{first:.2f} | {own:.2f} | {without:.2f} | {own - without:+.2f} |"
        )


def scores(metrics: Metrics, wanted: list[int], inside: np.ndarray) -> tuple[float, float]:
    """Return mAP and Rank-1 of some of the wanted queries, in percent."""
    place = {int(row): number for number, row in enumerate(metrics.queries)}
    rows = [place[int(row)] for row, taken in zip(wanted, inside, strict=True) if taken]
    each = metrics.per_query()
    return 100 * each["map"][rows].mean(), 100 * each["rank1"][rows].mean()


if __name__ == "__main__":
    main()
