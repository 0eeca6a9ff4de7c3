"""Keep the table fast: few files, and indexes that hold nearly every row."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from maskreid.errors import MaskreidError
from maskreid.gallery.errors import BusyError, telling
from maskreid.gallery.gallery import Gallery
from maskreid.gallery.lock import tidying
from maskreid.gallery.place import in_bucket

INDEX_FROM = 10_000  # entries; fewer are scanned as fast
BEHIND = 0.05  # share of the rows that may be scanned beside an index before it is made anew
SMALL = 64  # files that `tend_files` leaves
FRAGMENT = 65_536  # rows in a file at most: what has to be written again to delete one row
PARTITION = 200  # rows in a partition of the index, about ...
PARTITIONS = 512  # ... but no more partitions than this
READERS = timedelta(hours=1)  # how long the version that a reader began with is kept
FEATURE_INDEX = "feature_idx"


def tend(gallery: Gallery, build: Callable[[Gallery], None] | None = None) -> None:
    """Join small files, drop old versions, and make the indexes anew where many rows are not in them.

    While another process writes, nothing is done: the last one will tend.

    Args:
        gallery: to be tended.
        build: makes the indexes; `build_indexes` by default.
    """
    try:
        _tidy(gallery, build or build_indexes)
    except BusyError:
        return


def tend_files(gallery: Gallery) -> None:
    """Join small files where there are many: every judgement leaves one, and a version that lists them all."""
    try:
        with telling(gallery.path):
            table = gallery.table.to_lance()
            if len(table.get_fragments()) <= SMALL + 2 * table.count_rows() // FRAGMENT:
                return
        _tidy(gallery, None)
    except MaskreidError:  # what was judged is written, and the next judgement tries again
        return


def build_indexes(gallery: Gallery) -> None:
    """Make every index anew from the rows that are there."""
    from lancedb.index import IvfFlat

    partitions = partitions_for(gallery.table.count_rows())
    gallery.table.create_index(
        "feature", config=IvfFlat(distance_type="dot", num_partitions=partitions), replace=True
    )
    index_columns(gallery)


def index_columns(gallery: Gallery) -> None:
    """Make the indexes of what filters and look-ups go by."""
    from lancedb.index import BTree

    for column in ("id", "time", "camera"):
        gallery.table.create_index(column, config=BTree(), replace=True)


def partitions_for(entries: int) -> int:
    """Return how many partitions the features' index has for so many entries."""
    return max(1, min(PARTITIONS, round(entries / PARTITION)))


def _tidy(gallery: Gallery, build: Callable[[Gallery], None] | None) -> None:
    with tidying(gallery.path), telling(gallery.path):
        gallery.table.to_lance().optimize.compact_files(target_rows_per_fragment=FRAGMENT)
        if build and _behind(gallery):
            build(gallery)
        # On a disk the lock says that nobody writes, so what belongs to no version was left by who was overtaken.
        gallery.table.to_lance().cleanup_old_versions(READERS, delete_unverified=not in_bucket(gallery.path))


def _behind(gallery: Gallery) -> bool:
    """Whether there is no index where there should be one, or too much is not in it.

    Lance can also merge the new rows into the old index, but keeps a handful of partitions then: 2 of 100.
    """
    count = gallery.table.count_rows()
    index = {index.name: index for index in gallery.table.list_indices()}.get(FEATURE_INDEX)
    if index is None:
        return bool(count >= INDEX_FROM)
    return bool(index.num_unindexed_rows > BEHIND * count)
