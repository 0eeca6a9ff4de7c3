"""The gallery's speed: enrolment against the network alone, searches against NumPy's own products.

    python benchmarks/gallery.py enrol --data Market-1501-v15.09.15.zip
    python benchmarks/gallery.py kills --data Market-1501-v15.09.15.zip
    python benchmarks/gallery.py search --entries 20000
    python benchmarks/gallery.py search --entries 1000000

``enrol`` measures `maskreid gallery add` as a whole program, masks made on the way, and the network's own forward
time. ``kills`` kills it five times at random and compares the gallery with one that was not disturbed.
``search`` fills a gallery with made-up features, as long as the model's, and stops if an exact answer is not brute
force's.
"""

from __future__ import annotations

from maskreid.cli.blas import use_avx512_products
from maskreid.cli.memory import keep_freed_memory

use_avx512_products()  # both as the command does: NumPy's products and the network alone gain as well
keep_freed_memory()

import argparse  # noqa: E402
import os  # noqa: E402
import random  # noqa: E402
import resource  # noqa: E402
import signal  # noqa: E402
import statistics  # noqa: E402
import subprocess  # noqa: E402
import sys  # noqa: E402
import tempfile  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable  # noqa: E402
from datetime import UTC, datetime  # noqa: E402
from pathlib import Path  # noqa: E402

import numpy as np  # noqa: E402
import pyarrow as pa  # noqa: E402
from measure import Size, machine, synthetic_features  # noqa: E402

from maskreid.gallery import Filter, Gallery, browse, recall, search  # noqa: E402
from maskreid.gallery.enrol import WRITE  # noqa: E402
from maskreid.gallery.listing import ORDERS  # noqa: E402
from maskreid.gallery.schema import content_id  # noqa: E402
from maskreid.gallery.tend import build_indexes  # noqa: E402
from maskreid.retrieval import Features  # noqa: E402

MASKREID = Path(sys.executable).with_name("maskreid")
FIRST = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
DAY = 86400.0


def main() -> None:
    """Run one of the three."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("enrol", "kills", "search"))
    parser.add_argument("--data", help="Market-1501's zip")
    parser.add_argument("--model", default="market1501")
    parser.add_argument("--precision", choices=("float32", "bfloat16"), help="the default is that of gallery add")
    parser.add_argument("--entries", type=int, default=20_000)
    parser.add_argument("--queries", type=int, default=100)
    asked = parser.parse_args()
    print(machine())
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR", "/tmp")) as folder:
        if asked.what == "search":
            measure_search(Path(folder), asked.model, asked.entries, asked.queries)
        elif asked.what == "enrol":
            measure_enrol(Path(folder), asked.data, asked.model, asked.precision)
        else:
            measure_kills(Path(folder), asked.data, asked.model, asked.precision)


def measure_enrol(folder: Path, data: str, model: str, precision: str | None) -> None:
    """Whole program against the network's forward time on the same backend; peak memory of the program."""
    from maskreid.embedding import BACKENDS, Embedder
    from maskreid.embedding.graphs import FeatureGraph
    from maskreid.network import load_model

    loaded = load_model(model)
    embedder = Embedder(loaded, precision=precision)
    network = BACKENDS[embedder.backend](FeatureGraph(loaded), embedder.precision, loaded.device)
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 255, (64, *loaded.resize, 3), np.uint8)
    masks = np.ones((64, *loaded.resize), np.uint8)

    def forward() -> float:
        network(pixels, masks)
        started = time.perf_counter()
        for _ in range(32):
            network(pixels, masks)
        return 32 * len(pixels) / (time.perf_counter() - started)

    before = forward()
    create(folder / "g", model)
    started = time.perf_counter()
    count = add(folder / "g", data, precision)
    taken = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    alone = (before + forward()) / 2
    print(
        f"{embedder}: enrolled {count:,} images in {taken:.1f} s, {count / taken:.1f} images/s with masks; the "
        f"network alone {alone:.1f} images/s: {alone * taken / count:.2f} times its time; peak {peak:.0f} MiB"
    )


def measure_kills(folder: Path, data: str, model: str, precision: str | None) -> None:
    """Kill five times at random moments, finish, and compare with an undisturbed gallery."""
    for name in ("whole", "killed"):
        create(folder / name, model)
    started = time.monotonic()
    add(folder / "whole", data, precision)
    taken = time.monotonic() - started
    random.seed(0)
    for _ in range(5):
        moment = random.uniform(0, taken / 5)  # five of these are shorter than the work
        process = subprocess.Popen(command(folder / "killed", data, precision), stderr=subprocess.DEVNULL)
        time.sleep(moment)
        process.send_signal(signal.SIGKILL)
        if process.wait() != -signal.SIGKILL:
            sys.exit(f"it had ended by itself after {moment:.0f} s, with status {process.returncode}")
        print(f"killed after {moment:.0f} s with {len(Gallery(folder / 'killed')):,} entries written", flush=True)
    subprocess.run(command(folder / "killed", data, precision), check=True, stderr=subprocess.DEVNULL)
    whole, killed = (rows(folder / name) for name in ("whole", "killed"))
    if whole.keys() != killed.keys():
        sys.exit("the galleries hold different images")
    furthest = max(float(np.abs(whole[id_][1] - killed[id_][1]).max()) for id_ in whole)
    different = sum(whole[id_][0] != killed[id_][0] for id_ in whole)
    subprocess.run([MASKREID, "gallery", "verify", folder / "killed"], check=True, stderr=subprocess.DEVNULL)
    print(f"{len(whole):,} entries in both; {different} rows differ; features differ by {furthest:.1e} at most")


def create(path: Path, model: str) -> None:
    """Make an empty gallery, as a user does."""
    subprocess.run([MASKREID, "gallery", "create", path, "--model", model], check=True)


def command(path: Path, data: str, precision: str | None) -> list[str]:
    """Return the command that enrols Market-1501's gallery."""
    asked = ["--precision", precision] if precision else []
    return [str(MASKREID), "gallery", "add", str(path), data, "--subsets", "gallery", *asked]


def add(path: Path, data: str, precision: str | None) -> int:
    """Fill a gallery, as a user does; return how many entries it has."""
    subprocess.run(command(path, data, precision), check=True, stderr=subprocess.DEVNULL)
    return len(Gallery(path))


def rows(path: Path) -> dict[str, tuple[tuple[object, ...], np.ndarray]]:
    """Return what each entry says, and its feature, by id."""
    facts = ("camera", "time", "identity", "source", "path", "coverage", "model")
    found = {}
    for row in Gallery(path).table.to_arrow().to_pylist():
        found[row["id"]] = (tuple(row[name] for name in facts), np.array(row["feature"], np.float32))
    return found


def measure_search(folder: Path, model: str, entries: int, queries: int) -> None:
    """Fill, index, and search in every way; each median beside the same work by NumPy."""
    gallery = Gallery.create(folder / "g", model, masks="none")
    dimension = gallery.settings.dimension
    people = max(50, entries // 26)
    asking, features = synthetic_features(Size(max(queries, 1000), entries, people, 6), dimension)
    rng = np.random.default_rng(1)
    times = FIRST + rng.uniform(0, 30 * DAY, entries)
    fill(gallery, features, times)
    started = time.perf_counter()
    gallery.table.to_lance().optimize.compact_files(target_rows_per_fragment=1 << 16)
    build_indexes(gallery)
    taken = time.perf_counter() - started
    print(f"{entries:,} entries of {dimension} numbers, {people:,} people; joined and indexed in {taken:.1f} s")
    vectors = asking.vectors[:queries]
    inside = (features.cameras != 2) & (times >= FIRST + 10 * DAY) & (times < FIRST + 20 * DAY)
    where = Filter(not_cameras=(2,), after=FIRST + 10 * DAY, before=FIRST + 20 * DAY)
    for name, chosen, allowed in (("all", None, np.ones(entries, bool)), ("camera and time", where, inside)):
        kept = np.flatnonzero(allowed)
        taken, found = one_by_one(vectors, lambda vector, w=chosen: search(gallery, vector, top=10, where=w)[0])
        matrix = features.vectors[kept]
        brute, best = one_by_one(vectors, lambda vector, m=matrix: best_of(vector, m)[0])
        for hits, expected in zip(found, best, strict=True):
            if not np.allclose([hit.similarity for hit in hits], expected, atol=1e-5):
                sys.exit("an exact answer is not brute force's")
        print(
            f"one query, {name} ({len(kept):,} entries): median {1e3 * taken:.1f} ms; NumPy over features in memory "
            f"{1e3 * brute:.1f} ms"
        )
    started = time.perf_counter()
    batch = search(gallery, asking.vectors[:1000], top=10)
    taken = time.perf_counter() - started
    started = time.perf_counter()
    best = np.concatenate([best_of(part, features.vectors) for part in np.split(asking.vectors[:1000], 20)])
    brute = time.perf_counter() - started
    if not np.allclose([[hit.similarity for hit in hits] for hits in batch], best, atol=1e-5):
        sys.exit("an exact answer is not brute force's")
    print(f"1,000 queries at once: {taken:.2f} s; NumPy over features in memory {brute:.2f} s")
    for probes in (8, 32, 128):
        taken, found = one_by_one(vectors, lambda vector, p=probes: search(gallery, vector, top=10, probes=p)[0])
        right = [
            np.mean([hit.entry.identity == str(who) for hit in hits])
            for hits, who in zip(found, asking.identities[:queries], strict=True)
        ]
        share = recall(gallery, probes)
        print(
            f"{probes} probes: median {1e3 * taken:.1f} ms; {100 * share:.1f} % of the true 10 nearest; "
            f"{100 * np.mean(right):.1f} % of the 10 answers are the person"
        )
    for order in ORDERS:
        taken, _ = one_by_one(vectors[:5], lambda _, o=order: browse(gallery, order=o))
        print(f"the first page of 60 by {order}: median {1e3 * taken:.0f} ms")
    print(f"{WRITE} rows more, each looked up by its id first: {1e3 * commits(gallery, features):.0f} ms")
    print(f"peak memory of this process {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


def best_of(queries: np.ndarray, features: np.ndarray) -> np.ndarray:
    """Return each query's ten highest products, the highest first."""
    products = queries @ features.T
    return -np.sort(np.partition(-products, 9, axis=1)[:, :10], axis=1)


def fill(gallery: Gallery, features: Features, times: np.ndarray) -> None:
    """Write rows past the network, 65,536 at a time."""
    for start in range(0, len(features), 1 << 16):
        part = slice(start, start + (1 << 16))
        facts = features.vectors[part], features.identities[part], features.cameras[part], times[part]
        gallery.table.add(rows_of(gallery, start, *facts))


def rows_of(
    gallery: Gallery,
    first: int,
    vectors: np.ndarray,
    identities: np.ndarray,
    cameras: np.ndarray,
    times: np.ndarray,
) -> pa.Table:
    """Return made-up features as rows, numbered from ``first``; ids are hashes, as real ones are."""
    schema, count = gallery.table.schema, len(vectors)
    columns = {
        "id": [content_id(str(row).encode()) for row in range(first, first + count)],
        "feature": pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), vectors.shape[1]),
        "camera": cameras,
        "time": times,
        "identity": [str(identity) for identity in identities],
        "cluster": [None] * count,
        "tags": [[]] * count,
        "source": ["made up"] * count,
        "path": [str(row) for row in range(first, first + count)],
        "coverage": np.full(count, 0.5, np.float32),
        "thumbnail": [None] * count,
        "model": [gallery.settings.fingerprint] * count,
        "added": [datetime.now(UTC)] * count,
        "checksum": [""] * count,
    }
    arrays = [
        columns[name] if name == "feature" else pa.array(columns[name], schema.field(name).type)
        for name in schema.names
    ]
    return pa.table(arrays, schema=schema)


def commits(gallery: Gallery, features: Features, repeat: int = 9) -> float:
    """Write `WRITE` new rows at a time as `enrol` does; return the median seconds of one write."""
    taken = []
    for number in range(1, max(1, min(repeat, len(features) // WRITE)) + 1):
        part = slice((number - 1) * WRITE, number * WRITE)
        labels = features.identities[part], features.cameras[part]
        vectors = features.vectors[part]
        rows = rows_of(gallery, 10**9 + number * WRITE, vectors, *labels, np.full(len(vectors), FIRST))
        started = time.perf_counter()
        gallery.table.merge_insert("id").when_not_matched_insert_all().execute(rows)
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


def one_by_one(vectors: np.ndarray, ask: Callable[[np.ndarray], object]) -> tuple[float, list]:
    """Ask once for each vector, after a few to warm up; return the median seconds and the answers."""
    for vector in vectors[:5]:
        ask(vector[None])
    taken, answers = [], []
    for vector in vectors:
        started = time.perf_counter()
        answers.append(ask(vector[None]))
        taken.append(time.perf_counter() - started)
    return statistics.median(taken), answers


if __name__ == "__main__":
    main()
