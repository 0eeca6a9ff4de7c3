"""Who it is, because somebody said so: confirm, merge, split."""

from __future__ import annotations

from maskreid.errors import MaskreidError
from maskreid.gallery.audit import log
from maskreid.gallery.errors import telling
from maskreid.gallery.filters import Filter
from maskreid.gallery.gallery import Gallery
from maskreid.gallery.lock import writing
from maskreid.gallery.names import check_name
from maskreid.gallery.tend import tend_files


def label(gallery: Gallery, where: Filter, identity: str | None) -> int:
    """Say who the entries that ``where`` means show; None takes back what was said. Return how many there are.

    A proposed group is confirmed by naming it, two people are merged by giving both one name, and one is split by
    giving some of the entries another.

    Raises:
        MaskreidError: ``where`` has no condition, the name is empty, or the gallery cannot be written.
    """
    if not where.sql:
        raise MaskreidError("label: say which entries, by id, identity, cluster, camera, time or tag")
    check_name(identity)
    count = rename(gallery, where, identity)
    tend_files(gallery)
    return count


def rename(gallery: Gallery, where: Filter, identity: str | None) -> int:
    """Do what `label` does, without its questions; small files stay."""
    with writing(gallery.path), telling(gallery.path):
        count = gallery.count(where)
        log(gallery, {"labelled": where.sql, "identity": identity, "entries": count})
        if count:
            gallery.table.update(where=where.sql, values={"identity": identity})
    return count
