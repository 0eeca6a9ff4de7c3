"""The same enrolment and search on a Ray cluster: the only file that knows Ray and lance-ray."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial, reduce
from itertools import islice
from typing import Any

import numpy as np

from maskreid.errors import MaskreidError
from maskreid.gallery.enrol import NAMED, Enrolled, enrol
from maskreid.gallery.errors import BusyError, telling
from maskreid.gallery.filters import Filter
from maskreid.gallery.gallery import Gallery
from maskreid.gallery.nearest import EVERY, FEW, Best, Row, Vectors, best_products, rows_of
from maskreid.gallery.schema import TABLE
from maskreid.gallery.tend import FEATURE_INDEX, index_columns, partitions_for, tend
from maskreid.images import Dataset
from maskreid.progress import Progress, finish, silent

SAMPLE_RATE = 256  # entries a partition that its centre is found with, Lance's own default
SECONDS = 5.0  # to wait for an address to answer
NOBODY = "--ray {address}: no Ray cluster answers there ({reason}); ray start --head makes one"
PART = 2048  # images that a worker takes at a time: what is read again if it dies
TRIES = 10  # of one part: a worker may die, or others may write at the same moment


@contextmanager
def connected(address: str) -> Iterator[None]:
    """Be a driver of the Ray cluster at ``address`` ("auto", "host:6379", "ray://host:10001").

    Workers must reach the gallery and the images by the same names, and have maskreid and, for a bucket, the same
    ``AWS_*`` variables: nothing secret is sent to them.

    Raises:
        MaskreidError: Ray is not installed, or no cluster is there.
    """
    try:
        import lance_ray
        import ray
    except ImportError:
        raise MaskreidError("--ray needs Ray and lance-ray; pip install 'maskreid[ray]'") from None
    if ":" in address:
        _answers(address)
    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, ignore_reinit_error=True)
    except (ConnectionError, TimeoutError, ValueError, RuntimeError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise MaskreidError(NOBODY.format(address=address, reason=reason)) from None
    try:
        yield
    finally:
        lance_ray.clear_global_pool()
        ray.shutdown()


def _answers(address: str) -> None:
    """Refuse an address where nobody listens: Ray itself would try for minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=SECONDS).close()
    except (OSError, ValueError, OverflowError) as error:
        raise MaskreidError(NOBODY.format(address=address, reason=error)) from None


def enrol_on_ray(
    gallery: Gallery,
    opened: Callable[[], Dataset],
    *,
    model: str | None = None,
    splits: Sequence[str] = (),
    workers: int | None = None,
    progress: Progress = silent,
    **options: Any,
) -> Enrolled:
    """Add a dataset's images by the workers of a cluster, each with a model of its own; else as `enrol`.

    Each worker masks, embeds and writes what it was given. A worker that dies is started again, on another node if
    its own is gone, and its images are given to it again; those that it had written are passed over.

    Args:
        gallery: on storage that every worker reaches.
        opened: opens the dataset; called here and in every worker.
        model: where the model is, for every worker, if not where it was when the gallery was created.
        splits: of the dataset; all by default.
        workers: how many; by default one for each GPU of the cluster, or for each CPU where there is none.
        progress: told about every image, `PART` at a time.
        options: ``camera``, ``time``, ``tags``, ``masks``, ``backend`` and ``precision`` of `enrol`.

    Raises:
        MaskreidError: as `enrol`, or a worker failed.
    """
    import ray
    from ray.util import ActorPool

    count = len(opened().images(splits))
    gpus = _processors("GPU")
    starts = range(0, count, PART)
    number = min(workers or gpus or _processors(), len(starts))
    remote = ray.remote(num_gpus=1 if gpus else 0, num_cpus=1, max_restarts=-1)(_Worker)
    arguments = (gallery.path, model, "cuda" if gpus else "cpu", opened, tuple(splits), options)
    pool = ActorPool([remote.remote(*arguments) for _ in range(number)])

    def begin(worker: Any, start: int) -> Any:
        again = worker.enrol.options(max_task_retries=TRIES, retry_exceptions=[BusyError])
        return again.remote(start, start + PART)

    parts: list[Enrolled] = []
    counted = progress(range(count), total=count, what="adding images", unit="image")
    with _plain_errors():
        for part in pool.map_unordered(begin, list(starts)):
            parts.append(part)
            for _ in islice(counted, part.added + part.known + part.unreadable):
                pass
    finish(counted)
    tend(gallery, partial(index_on_ray, workers=workers))
    return Enrolled(
        sum(part.added for part in parts),
        sum(part.known for part in parts),
        sum(part.fallbacks for part in parts),
        sum(part.unreadable for part in parts),
        tuple(reason for part in parts for reason in part.reasons)[:NAMED],
    )


class _Worker:
    """One process of the cluster, which keeps its model between parts."""

    def __init__(
        self,
        path: str,
        model: str | None,
        device: str,
        opened: Callable[[], Dataset],
        splits: tuple[str, ...],
        options: dict[str, Any],
    ) -> None:
        self.gallery, self.options = Gallery(path), options
        self.model = self.gallery.model(model, device)
        self.dataset = opened()
        self.images = self.dataset.images(splits)

    def enrol(self, start: int, stop: int) -> Enrolled:
        part = replace(self.dataset, splits={"gallery": tuple(self.images[start:stop])})
        return enrol(self.gallery, part, model=self.model, tending=False, **self.options)


def index_on_ray(gallery: Gallery, *, workers: int | None = None) -> None:
    """Make the index of the features by the cluster's workers, a part of the table each, and the others here."""
    import lance_ray

    entries = len(gallery)
    partitions = partitions_for(entries)
    with _plain_errors(), telling(gallery.path):
        lance_ray.create_index(
            f"{gallery.path}/{TABLE}.lance",
            column="feature",
            index_type="IVF_FLAT",
            name=FEATURE_INDEX,
            metric="dot",
            num_partitions=partitions,
            sample_rate=max(1, min(SAMPLE_RATE, entries // partitions)),
            num_workers=workers or _processors(),
        )
        index_columns(gallery)


def nearest_on_ray(
    gallery: Gallery,
    vectors: Vectors,
    top: int,
    where: Filter | None = None,
    *,
    probes: int | None = None,
    columns: Sequence[str] = ("id",),
    workers: int | None = None,
) -> list[list[Row]]:
    """Find what `nearest` finds by the cluster's workers, a part of the table each.

    For one query it is slower than one machine as long as one machine can hold the index: it is for tables that none
    can. The first call starts the workers, which takes seconds; `connected` ends them.

    A few queries go through the index. What is not in it, and many queries, are multiplied with the features:
    lance-ray's own way to search beside an index is slow, and counts the distance by products from 0, not from 1.
    """
    import lance_ray

    dataset: Any = gallery.table.to_lance()  # one version for all workers
    top = min(top, max(1, dataset.count_rows()))  # room is made for so many
    sql = (where.sql or None) if where else None
    indexed = set()
    if len(vectors) <= FEW or probes is not None:
        segments = [
            part for index in dataset.describe_indices() if index.name == FEATURE_INDEX for part in index.segments
        ]
        indexed = {fragment for segment in segments for fragment in segment.fragment_ids}
    fragments = [fragment.fragment_id for fragment in dataset.get_fragments()]
    loose = [fragment for fragment in fragments if fragment not in indexed]
    workers = workers or _processors()
    parts = []
    with _plain_errors(), telling(gallery.path):
        pool = lance_ray.init_global_pool(workers)
        if indexed:
            parts.append(_through_index(dataset, vectors, top, sql, probes, workers))
        shares = [
            (dataset.uri, dataset.version, loose[start::workers], vectors, top, sql) for start in range(workers)
        ]
        parts += pool.starmap(_best_of_fragments, [share for share in shares if share[2]])
    best = reduce(lambda one, other: one.joined(other, top), parts, Best.none(len(vectors)))
    return rows_of(gallery, best, columns)


def _through_index(
    dataset: Any, vectors: Vectors, top: int, sql: str | None, probes: int | None, workers: int
) -> Best:
    import lance_ray

    best = Best(np.full((len(vectors), top), -np.inf, np.float32), np.full((len(vectors), top), None, object))
    for row, vector in enumerate(vectors):
        answer: Any = lance_ray.vector_search(
            dataset,
            nearest={"column": "feature", "q": vector, "k": top, "nprobes": probes or EVERY, "metric": "dot"},
            index_name=FEATURE_INDEX,
            columns=["id", "_distance"],
            filter=sql,
            num_workers=workers,
            include_unindexed=False,
            scanner_options={"prefilter": True},
        )
        best.scores[row, : len(answer)] = 1 - answer["_distance"].to_numpy()
        best.ids[row, : len(answer)] = answer["id"].to_pylist()
    return best


def _best_of_fragments(
    uri: str, version: int, fragments: Sequence[int], vectors: Vectors, top: int, sql: str | None
) -> Best:
    """Multiply queries with the features in some files; in a worker."""
    import lance

    dataset: Any = lance.dataset(uri, version=version)
    files = [dataset.get_fragment(fragment) for fragment in fragments]
    return best_products(dataset.scanner(["id", "feature"], sql, fragments=files).to_batches(), vectors, top)


def _processors(kind: str = "CPU") -> int:
    import ray

    resources: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
    return int(resources.get(kind, 0))


@contextmanager
def _plain_errors() -> Iterator[None]:
    """Raise what a worker raised, without the cluster's own story around it."""
    from ray.exceptions import RayActorError, RayTaskError

    try:
        yield
    except RayTaskError as error:
        if isinstance(error.cause, MaskreidError):
            raise MaskreidError(str(error.cause)) from None
        raise MaskreidError(f"a Ray worker failed: {str(error.cause).splitlines()[0]}") from error
    except RayActorError as error:
        raise MaskreidError(f"a Ray worker could not start: {' '.join(str(error).split())[:300]}") from error
