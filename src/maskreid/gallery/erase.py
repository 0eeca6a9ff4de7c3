"""Out for real: from data files, indexes, old versions and thumbnails."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from maskreid.errors import MaskreidError
from maskreid.gallery.audit import log
from maskreid.gallery.errors import telling
from maskreid.gallery.filters import Filter
from maskreid.gallery.gallery import Gallery
from maskreid.gallery.judgements import forget, judgements
from maskreid.gallery.lock import writing
from maskreid.gallery.schema import ERASING, FIRST_DATE
from maskreid.gallery.tend import FRAGMENT, build_indexes

UNFINISHED = "the removal is not finished, and what it removes may still be in files"


def remove(gallery: Gallery, where: Filter, *, alone: bool = False) -> int:
    """Delete the entries that ``where`` means, and every trace of them; return how many there were.

    The rows are written out of the data files, the indexes are made anew from what is left, the versions that had
    them are deleted, and so are the judgements that name them. If this is killed, the same call finishes it; `verify`
    tells if something is left.

    Args:
        gallery: to delete from.
        where: what goes.
        alone: nobody else is writing. A bucket cannot tell, and without this keeps for a week the files that belong
            to no version, which killed or colliding writers left.

    Raises:
        MaskreidError: ``where`` has no condition, another process is writing, or the gallery cannot be written.
    """
    if not where.sql:
        raise MaskreidError(
            "remove: say which entries, by id, identity, cluster, camera, time or tag; nothing was removed"
        )
    return _erase(gallery, where.sql, {"removed": where.sql}, alone)


def expire(
    gallery: Gallery, older_than: timedelta, by: Literal["added", "time"] = "added", *, alone: bool = False
) -> int:
    """Delete, as `remove`, what was enrolled (or, by "time", seen) longer ago than this; return how many.

    Entries whose time is unknown, or counts frames, do not expire by time.

    Raises:
        MaskreidError: as `remove`, ``by`` is neither, or the time is negative or so long that no calendar has the
            date.
    """
    if by not in ("added", "time"):
        raise MaskreidError(f'expire: expected by to be "added" or "time", got {by!r}')
    if older_than < timedelta(0):
        raise MaskreidError(f"expire: expected how long ago, 0 or more, got {older_than}; nothing was removed")
    try:
        limit = datetime.now(UTC) - older_than
    except OverflowError:
        raise MaskreidError(
            f"expire: {older_than.days:,} days ago is before the first year; give a shorter time"
        ) from None
    if by == "added":
        sql = f"added < TIMESTAMP '{limit.replace(tzinfo=None).isoformat(sep=' ', timespec='microseconds')}'"
    else:
        sql = f"time >= {FIRST_DATE!r} AND time < {limit.timestamp()!r}"
    return _erase(gallery, sql, {"expired": sql}, alone)


def unfinished(gallery: Gallery) -> bool:
    """Whether a removal was cut off, or is running now: entries are gone from searches, but maybe not from files."""
    with telling(gallery.path):
        return ERASING in gallery.table.to_lance().config()


def _erase(gallery: Gallery, sql: str, what: dict[str, Any], alone: bool) -> int:
    judgements(gallery)  # damaged, they would stop the removal at its end, with the rows gone and their traces not
    with writing(gallery.path, alone=True) as locked, telling(gallery.path, UNFINISHED):
        table = gallery.table
        count = int(table.count_rows(sql))
        log(gallery, {**what, "entries": count})
        table.to_lance().update_config({ERASING: "1"})
        if count:
            table.delete(sql)
        table.to_lance().optimize.compact_files(
            target_rows_per_fragment=FRAGMENT, materialize_deletions=True, materialize_deletions_threshold=0.0
        )
        if table.list_indices():
            build_indexes(gallery)
        # Files of no version are what a killed writer left, unless one is writing now that cannot be seen.
        certain = locked or alone
        table.to_lance().cleanup_old_versions(timedelta(0), delete_unverified=certain)
        forget(gallery)
        table.to_lance().update_config({ERASING: None})
        table.to_lance().cleanup_old_versions(timedelta(0), delete_unverified=certain)
    return count
