r"""Which k1, k2 and lambda re-rank best: on people whom a model's training held out, among all that it learned from.

    python benchmarks/reranking_parameters.py market1501 market1501-compact --data Market-1501-v15.09.15.zip \
        --without 115 616

A row for every k1 and k2, a column for every lambda, mAP (rectangular) as the mean over the models; then, for each
model, the best of them beside the published 20, 6, 0.3, with a paired interval of the difference that draws people.
The test split is never looked at.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from itertools import product

import numpy as np
from held_out import among_learned

from maskreid.cli.common import open_data
from maskreid.cli.memory import keep_freed_memory
from maskreid.network import load_model
from maskreid.retrieval import Features, Metrics, compare, evaluate_distances, rerank_among

K1, K2, LAMBDAS = (16, 18, 20, 22, 24), (5, 6, 7, 8), (0.0, 0.02, 0.05, 0.1, 0.2, 0.3)
PUBLISHED = (20, 6, 0.3)


def main() -> None:
    """Re-rank with every combination and print the mAP of each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", metavar="MODEL", help="run folders, model files or shipped names")
    parser.add_argument("--data", required=True)
    parser.add_argument("--without", type=int, nargs="*", default=[], help="identities to leave out")
    arguments = parser.parse_args()
    keep_freed_memory()  # as the maskreid command does
    models = {name: load_model(name) for name in arguments.models}
    features = among_learned(models, open_data(arguments.data), arguments.without)
    tests = {name: every_combination(query, gallery) for name, (query, gallery) in features.items()}
    means = {each: np.mean([100 * tests[name][each].map for name in models]) for each in next(iter(tests.values()))}
    print("k1 k2 | " + " ".join(f"{lambda_:5.2f}" for lambda_ in LAMBDAS))
    for k1, k2 in product(K1, K2):
        print(f"{k1} {k2:2} | " + " ".join(f"{means[k1, k2, lambda_]:5.2f}" for lambda_ in LAMBDAS))
    best = max(means, key=lambda each: means[each])
    for name, tested in tests.items():
        for each in (PUBLISHED, best):
            difference = compare(tested[PUBLISHED], tested[each], people=features[name][0].identities)["map"]
            low, high = (100 * side for side in difference.interval)
            scores = f"Rank-1 {100 * tested[each].rank(1):.2f}, mAP {100 * tested[each].map:.2f}"
            print(f"{name}, {each}: {scores}, {low:+.2f} to {high:+.2f}")


def every_combination(query: Features, gallery: Features) -> dict[tuple[int, int, float], Metrics]:
    """Judge the queries, which are in the gallery too, after re-ranking the gallery among itself."""
    asked = np.flatnonzero(np.isin(gallery.identities, np.unique(query.identities)))
    found = {}
    for k1, k2 in product(K1, K2):
        distances = rerank_among(gallery, k1, k2)
        for lambda_ in LAMBDAS:
            matrix = replace(distances, lambda_=lambda_).rows(asked)
            found[k1, k2, lambda_] = evaluate_distances(matrix, query, gallery)
    return found


if __name__ == "__main__":
    main()
