"""What an entry looks like: the thumbnail that was kept, or its image if it is still where it was."""

from __future__ import annotations

from collections.abc import Sequence

from maskreid.errors import MaskreidError
from maskreid.files import as_file_name
from maskreid.gallery.enrol import thumbnail_of
from maskreid.gallery.errors import once_more
from maskreid.gallery.filters import Filter
from maskreid.gallery.gallery import Gallery
from maskreid.gallery.schema import content_id
from maskreid.images import Source, decode_image

HEIGHT = 256  # pixels of a picture that is made from a source, at most


@once_more
def picture_of(gallery: Gallery, id_: str, sources: Sequence[Source] = ()) -> bytes | None:
    """Return an entry's picture as JPEG; None where none was kept and no source has it.

    Args:
        gallery: whose entry.
        id_: its whole id.
        sources: where images may still be; one counts only if its bytes are those that were enrolled.

    Raises:
        MaskreidError: there is no such entry.
    """
    rows = [row for batch in gallery.rows(["thumbnail", "path"], Filter(ids=(id_,))) for row in batch.to_pylist()]
    if not rows:
        raise MaskreidError(f"{gallery.path}: there is no entry {id_}; it may have been removed")
    kept: bytes | None = rows[0]["thumbnail"]
    return kept or next(filter(None, (_from(source, rows[0]["path"], id_) for source in sources)), None)


def _from(source: Source, path: str, id_: str) -> bytes | None:
    try:
        content = source.read(as_file_name(path))
        return thumbnail_of(decode_image(content, path), HEIGHT) if content_id(content) == id_ else None
    except MaskreidError:  # gone, or never there: another source may have it
        return None
