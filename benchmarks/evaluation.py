"""From features to CMC and mAP: maskreid beside torchreid's evaluators, which are given the same matrix product.

    python benchmarks/evaluation.py --size market1501
    python benchmarks/evaluation.py --size msmt17 --share 0.1
    python benchmarks/evaluation.py --size market1501+500k --no-peers
    python benchmarks/evaluation.py --size market1501 --process
    python benchmarks/evaluation.py --size msmt17 --no-peers --device cuda

Prints medians of alternated runs, peak memory over the inputs, and how near the time is to the machine's own matrix
product. ``--process`` measures whole programs instead, from start to printed table. Stops if results do not agree.
"""

from __future__ import annotations

from maskreid.cli.blas import use_avx512_products

use_avx512_products()  # as the command does; NumPy is the same for all, so the peers gain as well

import argparse  # noqa: E402
import os  # noqa: E402
import sys  # noqa: E402
import tempfile  # noqa: E402
import time  # noqa: E402
from dataclasses import replace  # noqa: E402
from pathlib import Path  # noqa: E402

import numpy as np  # noqa: E402
import peers  # noqa: E402
from measure import (  # noqa: E402
    MEBI,
    SIZES,
    Measured,
    alternated,
    device_memory,
    machine,
    product_rate,
    show,
    synthetic_features,
    wake,
)

from maskreid.retrieval import Features, evaluate  # noqa: E402
from maskreid.retrieval.features import JUNK  # noqa: E402

AGREE = 1e-6  # torchreid sorts without a rule for ties, and its Cython code adds up in float32


def part(features: Features, rows: np.ndarray | slice) -> Features:
    """Return some images of many."""
    return replace(
        features, vectors=features.vectors[rows], identities=features.identities[rows], cameras=features.cameras[rows]
    )


def check(results: dict[str, list[Measured]], expected: tuple[float, float], names: list[str]) -> None:
    """Stop if a peer's Rank-1 or mAP is another."""
    for name in names:
        difference = np.abs(np.subtract(results[name][0].result[:2], expected)).max()
        print(f"{name}: Rank-1 and mAP differ by {difference:.1e}")
        if not difference <= AGREE:
            raise SystemExit("the results do not agree")


def in_process(arguments: argparse.Namespace) -> None:
    """Compare functions whose inputs are in memory."""
    size = SIZES[arguments.size]
    query, gallery = synthetic_features(size, arguments.dimension)
    people = gallery if not size.junk else part(gallery, gallery.identities != JUNK)
    asked = part(query, slice(max(1, round(arguments.share * len(query)))))
    few, rate = part(query, slice(50)), product_rate(arguments.dimension)
    evaluate(few, gallery)  # compiles

    def scores(of: Features, device: str | None = None) -> tuple[float, float, int]:
        metrics = evaluate(of, gallery, device=device)
        return metrics.rank(1), metrics.map, device_memory(device)

    works = {"maskreid": lambda: scores(query)}
    if arguments.device:
        works[f"maskreid, {arguments.device}"] = lambda: scores(query, arguments.device)
    if arguments.peers:
        works["torchreid, Cython"] = lambda: peers.evaluate_cython(peers.distances(asked, people), asked, people)
        works["torchreid, Python (50 queries)"] = lambda: peers.evaluate_python(
            peers.distances(few, people), few, people
        )
    results = alternated(works, arguments.repeat, lambda: wake(arguments.device))
    scale = {"torchreid, Cython": len(query) / len(asked), "torchreid, Python (50 queries)": len(query) / len(few)}
    show(results, "maskreid", scale)
    if arguments.peers:
        check(results, scores(asked)[:2], ["torchreid, Cython"])
        check(results, scores(few)[:2], ["torchreid, Python (50 queries)"])
    if arguments.device:
        check(results, scores(query)[:2], [f"maskreid, {arguments.device}"])
        memory = results[f"maskreid, {arguments.device}"][0].result[2]
        print(f"on {arguments.device}: {memory / MEBI:.0f} MiB")
    limit = 2 * len(query) * len(people) * arguments.dimension / rate
    best = min(run.wall for run in results["maskreid"])
    print(f"product alone at {rate / 1e9:.0f} GFLOP/s: {limit:.3f} s, {limit / best:.0%} of maskreid's best time")


OURS = """
import sys
from maskreid.cli.blas import use_avx512_products
use_avx512_products()
from maskreid.retrieval import Features, evaluate
query, gallery = (Features.load(f"{sys.argv[1]}/{name}.npz") for name in ("query", "gallery"))
print(evaluate(query, gallery))
"""
THEIRS = """
import sys
from maskreid.cli.blas import use_avx512_products
use_avx512_products()
import peers
from maskreid.retrieval import Features
query, gallery = (Features.load(f"{sys.argv[1]}/{name}.npz") for name in ("query", "people"))
print(peers.evaluate_cython(peers.DISTANCES(query, gallery), query, gallery))
"""


def whole_process(arguments: argparse.Namespace) -> None:
    """Compare programs from start to printed table: torchreid's as it is published, then without torch's import."""
    query, gallery = synthetic_features(SIZES[arguments.size], arguments.dimension)
    with tempfile.TemporaryDirectory() as folder:
        query.save(Path(folder) / "query.npz")
        gallery.save(Path(folder) / "gallery.npz")
        part(gallery, gallery.identities != JUNK).save(Path(folder) / "people.npz")
        programs = {
            "maskreid": OURS,
            "torchreid, Cython": THEIRS.replace("DISTANCES", "own_distances"),
            "torchreid, Cython, without torch": THEIRS.replace("DISTANCES", "distances"),
        }
        results: dict[str, list[Measured]] = {name: [] for name in programs}
        for _ in range(arguments.repeat + 1):
            for name, program in programs.items():
                results[name].append(run_program(program, folder))
    show({name: runs[1:] for name, runs in results.items()}, "maskreid")  # the first run compiles
    print("(peak MiB of whole processes)")


def run_program(program: str, folder: str) -> Measured:
    """Measure a Python program; what it prints goes to nowhere."""
    start = time.perf_counter()
    child = os.fork()
    if not child:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        os.execve(sys.executable, [sys.executable, "-c", program, folder], environment)
    _, status, used = os.wait4(child, 0)
    if status:
        raise SystemExit("a measured program failed")
    return Measured(time.perf_counter() - start, used.ru_utime + used.ru_stime, 1024 * used.ru_maxrss, None)


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=SIZES, default="market1501")
    parser.add_argument("--dimension", type=int, default=256)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--share", type=float, default=1.0, help="part of the queries that torchreid's Cython gets")
    parser.add_argument("--peers", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--device", help="also make the products there, with torch: cuda")
    parser.add_argument("--process", action="store_true", help="measure whole programs")
    arguments = parser.parse_args()
    print(f"evaluation, {arguments.size}, d = {arguments.dimension}; {machine()}")
    (whole_process if arguments.process else in_process)(arguments)


if __name__ == "__main__":
    main()
