"""How well `maskreid gallery cluster` groups people whom a model did not learn.

    python benchmarks/grouping.py --model market1501 --data Market-1501-v15.09.15.zip --without 115 616

Embeds the training images of the people held out of the model's training, groups them with several ``--eps``, and
compares pairs of images: *pure* is the share of the grouped pairs that show one person, *found* the share of one
person's pairs that are in one group.
"""

from __future__ import annotations

import argparse

import numpy as np

from maskreid import progress
from maskreid.cli.common import open_data
from maskreid.cli.memory import keep_freed_memory
from maskreid.gallery.cluster import EPS, FEWEST, group
from maskreid.network import load_model
from maskreid.training import extract_features, prepare
from maskreid.training.learned import learned_people
from maskreid.training.prepare import data_config


def main() -> None:
    """Print a row for each ``eps``."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="market1501")
    parser.add_argument("--data", required=True, help="what the model learned from")
    parser.add_argument("--without", type=int, nargs="*", default=[], help="identities to leave out")
    parser.add_argument("--eps", type=float, nargs="*", default=[0.45, 0.5, EPS, 0.6])
    arguments = parser.parse_args()
    keep_freed_memory()  # as the maskreid command does
    model, dataset = load_model(arguments.model), open_data(arguments.data)
    known = learned_people(model.card["training"], dataset) | set(arguments.without)
    images = [image for image in dataset.splits["train"] if image.identity > 0 and image.identity not in known]
    packed = prepare(dataset.source, images, data_config(model), progress=progress.terminal)
    people = extract_features(model, packed, progress=progress.terminal)
    upper = np.triu_indices(len(people), 1)
    one_person = (people.identities[:, None] == people.identities)[upper]
    print(f"{arguments.model}: {len(people):,} images of {len(np.unique(people.identities))} people")
    print("| eps | groups | pure | found |\n|---:|---:|---:|---:|")
    for eps in arguments.eps:
        found = group(people.vectors, eps, FEWEST)
        together = ((found[:, None] == found) & (found[:, None] >= 0))[upper]
        right = (together & one_person).sum()
        pure, complete = 100 * right / max(1, together.sum()), 100 * right / one_person.sum()
        print(f"| {eps:g} | {found.max() + 1} | {pure:.1f} % | {complete:.1f} % |")


if __name__ == "__main__":
    main()
