"""k-reciprocal re-ranking: maskreid beside torchreid's, the exact search beside the approximate one, and its growth.

    python benchmarks/reranking.py --size half
    python benchmarks/reranking.py --size market1501 --repeat 3                 # torchreid takes 13 GB and a minute
    python benchmarks/reranking.py --size quarter half market1501 msmt17 --no-peers
    python benchmarks/reranking.py --size msmt17 --no-peers --probes 64
    python benchmarks/reranking.py --size market1501+500k --no-peers --no-exact --probes 64

From features to the mAP of the re-ranked lists. Prints medians of alternated runs, peak memory over the inputs, and
how many times the neighbour search's own matrix product the time is. Stops if results do not agree.
"""

from __future__ import annotations

from maskreid.cli.blas import use_avx512_products

use_avx512_products()  # as the command does; NumPy is the same for all, so the peers gain as well

import argparse  # noqa: E402
from collections.abc import Callable  # noqa: E402

import numpy as np  # noqa: E402
import peers  # noqa: E402
from measure import SIZES, alternated, machine, product_rate, show, synthetic_features  # noqa: E402

from maskreid.progress import terminal  # noqa: E402
from maskreid.retrieval import approximate_search, evaluate_distances, exact_search, rerank  # noqa: E402

AGREE = 1e-5  # of final distances
SAMPLE = 200  # queries whose final distances are compared


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=SIZES, nargs="+", default=["half"])
    parser.add_argument("--dimension", type=int, default=256)
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--peers", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--exact", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--probes", type=int, nargs="*", default=[], help="also search approximately")
    arguments = parser.parse_args()
    searches = {"maskreid": exact_search} if arguments.exact else {}
    searches |= {f"maskreid, {probes} probes": approximate_search(probes) for probes in arguments.probes}
    if not searches:
        parser.error("nothing to measure: leave out --no-exact or add --probes")
    for name in arguments.size:
        compare(name, arguments, searches)


def compare(name: str, arguments: argparse.Namespace, searches: dict[str, Callable[..., object]]) -> None:
    """Measure every search, and torchreid, on features of one size."""
    query, gallery = synthetic_features(SIZES[name], arguments.dimension)
    total = len(query) + len(gallery)
    print(f"re-ranking, {name}, N = {total}, d = {arguments.dimension}; {machine()}")
    chosen = np.linspace(0, len(query) - 1, SAMPLE).astype(int)
    small = synthetic_features(SIZES["quarter"], 64)
    for search in searches.values():
        rerank(*small, search=search).evaluate()  # compiles

    def ours(search: Callable[..., object]) -> Callable[[], tuple[np.ndarray, float]]:
        def run() -> tuple[np.ndarray, float]:
            reranked = rerank(query, gallery, search=search, progress=terminal)
            return reranked.rows(chosen), reranked.evaluate(progress=terminal).map

        return run

    def theirs() -> tuple[np.ndarray, float]:
        distances = peers.rerank(query, gallery)
        return distances[chosen], evaluate_distances(distances, query, gallery).map

    works = {each: ours(search) for each, search in searches.items()}
    if arguments.peers:
        works["torchreid"] = theirs
    results = alternated(works, arguments.repeat)
    show(results, first := next(iter(works)))
    distances, exact = results[first][0].result
    for each, runs in results.items():
        print(f"{each}: mAP {runs[0].result[1]:.7f}, {100 * (runs[0].result[1] - exact):+.5f} points")
    if arguments.peers and arguments.exact:
        difference = np.abs(results["torchreid"][0].result[0] - distances).max()
        print(f"final distances differ by {difference:.1e}")
        if not difference <= AGREE:
            raise SystemExit("the results do not agree")
    rate = product_rate(arguments.dimension)
    limit = total * total * arguments.dimension / rate
    print(f"product of all pairs, each once, at {rate / 1e9:.0f} GFLOP/s: {limit:.2f} s")
    for each in searches:
        print(f"{each}: {min(run.wall for run in results[each]) / limit:.1f} times that")
    print(flush=True)


if __name__ == "__main__":
    main()
