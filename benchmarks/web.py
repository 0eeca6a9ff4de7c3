"""The page's speed: from an uploaded image to its first answers, through HTTP, beside the search alone.

    python benchmarks/web.py --entries 20000

Fills a gallery with made-up features and thumbnails, serves it with ``maskreid serve``, and asks as a browser does:
POST the image (decoded, masked, embedded), GET the page (searched, rendered) and the wall's first picture. A second
measurement is the wall of 2,000 answers. The peer in the same run is the least that could be done: the same mask,
feature and search in Python, without a server.
"""

from __future__ import annotations

from maskreid.cli.blas import use_avx512_products
from maskreid.cli.memory import keep_freed_memory

use_avx512_products()  # both as the command does
keep_freed_memory()

import argparse  # noqa: E402
import io  # noqa: E402
import re  # noqa: E402
import statistics  # noqa: E402
import subprocess  # noqa: E402
import sys  # noqa: E402
import tempfile  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable  # noqa: E402
from datetime import UTC, datetime  # noqa: E402
from pathlib import Path  # noqa: E402

import httpx2  # noqa: E402
import numpy as np  # noqa: E402
import pyarrow as pa  # noqa: E402
from measure import machine  # noqa: E402
from PIL import Image  # noqa: E402

from maskreid.gallery import Asker, Gallery, search  # noqa: E402
from maskreid.gallery.enrol import thumbnail_of  # noqa: E402
from maskreid.gallery.schema import content_id, row_checksum  # noqa: E402
from maskreid.gallery.tend import build_indexes  # noqa: E402
from maskreid.images import read_image, synthetic_world  # noqa: E402
from maskreid.web.uploads import picture_from  # noqa: E402

MASKREID = Path(sys.executable).with_name("maskreid")
WALL = 2000


def main() -> None:
    """Fill, serve, ask."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entries", type=int, default=20_000)
    parser.add_argument("--model", default="market1501")
    parser.add_argument("--queries", type=int, default=60)
    asked = parser.parse_args()
    print(machine())
    world = synthetic_world(train=2, test=10, cameras=2, images=4, seed=1)
    pictures = [read_image(world.source, image.path) for image in world.splits["gallery"]]
    with tempfile.TemporaryDirectory() as folder:
        gallery = filled(Path(folder) / "g", asked.model, asked.entries, pictures)
        asker = Asker(gallery)
        images = [png(picture) for picture in pictures]
        process = subprocess.Popen(
            [MASKREID, "serve", gallery.path, "--port", "0"], stdout=subprocess.PIPE, text=True
        )
        try:
            assert process.stdout
            address = process.stdout.readline().split()[1]
            with httpx2.Client(base_url=address, timeout=60) as http:
                measure(http, gallery, asker, images, asked.queries)
        finally:
            process.terminate()
            process.wait()


def measure(http: httpx2.Client, gallery: Gallery, asker: Asker, images: list[bytes], queries: int) -> None:
    """Alternate the page and the bare work, so that both meet the same machine."""
    first: list[float] = []
    bare: list[float] = []
    for turn in range(queries + 5):  # five to warm up
        image = images[turn % len(images)]
        first.append(timed(lambda image=image: page_of(http, image)))
        bare.append(timed(lambda image=image: work(gallery, asker, image)))
    told("first answers", first[5:])
    told("mask, feature, search", bare[5:])
    print(f"ratio of the medians: {statistics.median(first[5:]) / statistics.median(bare[5:]):.2f}")
    query = http.post("/api/queries", files={"images": ("a.png", images[0])}).json()["id"]
    told(f"a wall of {WALL:,}", [timed(lambda: ask(http, f"/?q={query}&top={WALL}")) for _ in range(12)][2:])
    shown = re.findall(r'data-id="(\w+)"', ask(http, f"/?q={query}&top={WALL}").text)
    told("one picture", [timed(lambda id_=id_: ask(http, f"/pictures/{id_}")) for id_ in shown[:100]])


def page_of(http: httpx2.Client, image: bytes) -> None:
    """What a browser does until the first answer is seen."""
    sent = http.post("/api/queries", files={"images": ("someone.png", image)})
    sent.raise_for_status()
    page = ask(http, f"/?q={sent.json()['id']}").text
    found = re.search(r'data-id="(\w+)"', page)
    assert found, "a page without answers"
    ask(http, f"/pictures/{found[1]}")


def ask(http: httpx2.Client, address: str) -> httpx2.Response:
    """GET, or stop."""
    answer = http.get(address)
    answer.raise_for_status()
    return answer


def work(gallery: Gallery, asker: Asker, image: bytes) -> None:
    """The same without a server."""
    picture = picture_from(image, "someone.png")
    search(gallery, asker.vector(picture, asker.mask(picture)), top=60)


def timed(what: Callable[[], object]) -> float:
    """Return milliseconds."""
    started = time.perf_counter()
    what()
    return 1000 * (time.perf_counter() - started)


def told(name: str, times: list[float]) -> None:
    """Print the median and the 95th percentile."""
    print(
        f"{name}: median {np.median(times):.0f} ms, p95 {np.percentile(times, 95):.0f} ms, of {len(times)}",
        flush=True,
    )


def filled(path: Path, model: str, entries: int, pictures: list[np.ndarray]) -> Gallery:
    """Return an indexed gallery of made-up features, each with one of a few thumbnails."""
    gallery = Gallery.create(path, model, thumbnail=128)
    rng = np.random.default_rng(0)
    thumbnails = [thumbnail_of(picture, 128) for picture in pictures]
    vectors = rng.normal(size=(entries, gallery.settings.dimension)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    rows = []
    for row, vector in enumerate(vectors):
        facts = {
            "id": content_id(str(row).encode()),
            "camera": row % 8 + 1,
            "time": 1.7e9 + 60.0 * row,
            "source": "made up",
            "path": str(row),
            "model": gallery.settings.fingerprint,
        }
        thumbnail = thumbnails[row % len(thumbnails)]
        rest = {"identity": None, "cluster": None, "tags": ["made up"], "coverage": 0.4, "added": datetime.now(UTC)}
        checksum = row_checksum(vector.tobytes(), thumbnail, facts)
        rows.append({**facts, **rest, "thumbnail": thumbnail, "feature": vector, "checksum": checksum})
    gallery.table.add(pa.Table.from_pylist(rows, gallery.table.schema))
    build_indexes(gallery)
    return gallery


def png(picture: np.ndarray) -> bytes:
    """Return an image as a file."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG")
    return buffer.getvalue()


if __name__ == "__main__":
    main()
