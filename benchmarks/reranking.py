"""k-reciprocal re-ranking: maskreid beside torchreid's, the exact search beside the approximate one, and its growth.

    python benchmarks/reranking.py --size half
    python benchmarks/reranking.py --size market1501 --repeat 3                 # torchreid takes 13 GB and a minute
    python benchmarks/reranking.py --size quarter half market1501 msmt17 --no-peers
    python benchmarks/reranking.py --size msmt17 --no-peers --probes 64
    python benchmarks/reranking.py --size market1501+500k --no-peers --no-exact --probes 64
    python benchmarks/reranking.py --size market1501 msmt17 --no-peers --device cuda

From features to the mAP of the re-ranked lists. Prints medians of alternated runs, peak memory over the inputs, and
how many times the neighbour search's own matrix product the time is. Stops if results do not agree.
"""

from __future__ import annotations

from maskreid.cli.blas import use_avx512_products

use_avx512_products()  # as the command does; NumPy is the same for all, so the peers gain as well

import argparse  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable  # noqa: E402
from typing import Any, NamedTuple  # noqa: E402

import numpy as np  # noqa: E402
import peers  # noqa: E402
from measure import (  # noqa: E402
    MEBI,
    SIZES,
    alternated,
    device_memory,
    machine,
    product_rate,
    show,
    synthetic_features,
    wake,
)

from maskreid.progress import terminal  # noqa: E402
from maskreid.retrieval import approximate_search, device_search, evaluate_distances, exact_search, rerank  # noqa: E402
from maskreid.retrieval.neighbours import Neighbours, Search  # noqa: E402

AGREE = 1e-5  # of final distances
SAMPLE = 200  # queries whose final distances are compared


class Outcome(NamedTuple):
    """What one run of re-ranking gave: mAP, some final distances, seconds of its other steps, bytes on a GPU."""

    map: float
    distances: np.ndarray
    search: float = 0.0
    encoding: float = 0.0
    on_device: int = 0
    final: float = 0.0


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=SIZES, nargs="+", default=["half"])
    parser.add_argument("--dimension", type=int, default=256)
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--peers", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--exact", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--probes", type=int, nargs="*", default=[], help="also search approximately")
    parser.add_argument("--device", help="also search there, with torch: cuda")
    arguments = parser.parse_args()
    searches = {"maskreid": exact_search} if arguments.exact else {}
    searches |= {f"maskreid, {probes} probes": approximate_search(probes) for probes in arguments.probes}
    if arguments.device:
        searches[f"maskreid, {arguments.device}"] = device_search(arguments.device)
    if not searches:
        parser.error("nothing to measure: leave out --no-exact, or add --probes or --device")
    for name in arguments.size:
        compare(name, arguments, searches)


def compare(name: str, arguments: argparse.Namespace, searches: dict[str, Search]) -> None:
    """Measure every search, and torchreid, on features of one size."""
    query, gallery = synthetic_features(SIZES[name], arguments.dimension)
    total = len(query) + len(gallery)
    print(f"re-ranking, {name}, N = {total}, d = {arguments.dimension}; {machine()}")
    chosen = np.linspace(0, len(query) - 1, SAMPLE).astype(int)
    small = synthetic_features(SIZES["quarter"], 64)
    for search in (exact_search, approximate_search(8)):
        rerank(*small, search=search).evaluate()  # compiles

    def ours(search: Search) -> Callable[[], Outcome]:
        seconds = 0.0

        def timed(*of: Any) -> Neighbours:
            nonlocal seconds
            start = time.perf_counter()
            neighbours = search(*of)
            seconds = time.perf_counter() - start
            return neighbours

        def run() -> Outcome:
            start = time.perf_counter()
            reranked = rerank(query, gallery, search=timed, progress=terminal)
            encoding = time.perf_counter() - start - seconds
            score = reranked.evaluate(progress=terminal).map
            final = time.perf_counter() - start - seconds - encoding
            return Outcome(score, reranked.rows(chosen), seconds, encoding, device_memory(arguments.device), final)

        return run

    def theirs() -> Outcome:
        distances = peers.rerank(query, gallery)
        return Outcome(evaluate_distances(distances, query, gallery).map, distances[chosen])

    works = {each: ours(search) for each, search in searches.items()}
    if arguments.peers:
        works["torchreid"] = theirs
    results = alternated(works, arguments.repeat, lambda: wake(arguments.device))
    show(results, first := next(iter(works)))
    reference: Outcome = results[first][0].result
    for each, runs in results.items():
        difference = np.abs(runs[0].result.distances - reference.distances).max()
        score = runs[0].result.map
        print(f"{each}: mAP {score:.7f}, {100 * (score - reference.map):+.5f} points; distances {difference:.1e} off")
        if arguments.exact and "probes" not in each and not difference <= AGREE:
            raise SystemExit("the results do not agree")
    rate = product_rate(arguments.dimension)
    limit = total * total * arguments.dimension / rate
    print(f"product of all pairs, each once, at {rate / 1e9:.0f} GFLOP/s: {limit:.2f} s")
    for each in searches:
        best = min(results[each], key=lambda run: run.wall)
        search, encoding, final = best.result.search, best.result.encoding, best.result.final
        print(
            f"{each}: {best.wall / limit:.1f} times that: search {search:.2f} s; encoding {encoding:.2f} s, "
            f"{1e6 * encoding / total:.1f} us an image; {len(query)} x {len(gallery)} final distances, ranked, "
            f"{final:.2f} s, {1e9 * final / len(query) / len(gallery):.1f} ns each"
        )
        if best.result.on_device:
            print(f"on {arguments.device}: {best.result.on_device / MEBI:.0f} MiB")
    print(flush=True)


if __name__ == "__main__":
    main()
