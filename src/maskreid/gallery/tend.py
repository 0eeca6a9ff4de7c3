"""Keep the table fast: few files, and indexes that hold nearly every row."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from maskreid.gallery.errors import telling
from maskreid.gallery.gallery import Gallery
from maskreid.gallery.lock import BusyError, writing

INDEX_FROM = 10_000  # entries; fewer are scanned as fast
BEHIND = 0.05  # share of the rows that may be scanned beside an index before it is made anew
FRAGMENT = 65_536  # rows in a file at most: what has to be written again to delete one row
PARTITION = 200  # rows in a partition of the index, about ...
PARTITIONS = 512  # ... but no more partitions than this (stack.md 1.2)
READERS = timedelta(hours=1)  # how long the version that a reader began with is kept
FEATURE_INDEX = "feature_idx"


def tend(gallery: Gallery) -> None:
    """Join small files, drop old versions, and make the indexes anew where many rows are not in them.

    While another process writes, nothing is done: the last one will tend.
    """
    try:
        with writing(gallery.path, alone=True), telling(gallery.path):
            gallery.table.to_lance().optimize.compact_files(target_rows_per_fragment=FRAGMENT)
            if _behind(gallery):
                build_indexes(gallery)
            gallery.table.to_lance().cleanup_old_versions(READERS)
    except BusyError:
        return


def build_indexes(gallery: Gallery) -> None:
    """Make every index anew from the rows that are there."""
    from lancedb.index import BTree, IvfFlat

    count = gallery.table.count_rows()
    kinds: dict[str, Any] = {
        "feature": IvfFlat(distance_type="dot", num_partitions=max(1, min(PARTITIONS, round(count / PARTITION)))),
        "id": BTree(),
        "time": BTree(),
        "camera": BTree(),
    }
    for column, kind in kinds.items():
        gallery.table.create_index(column, config=kind, replace=True)


def _behind(gallery: Gallery) -> bool:
    """Whether there is no index where there should be one, or too much is not in it.

    Lance can also merge the new rows into the old index, but keeps a handful of partitions then: 2 of 100.
    """
    count = gallery.table.count_rows()
    index = {index.name: index for index in gallery.table.list_indices()}.get(FEATURE_INDEX)
    if index is None:
        return bool(count >= INDEX_FROM)
    return bool(index.num_unindexed_rows > BEHIND * count)
