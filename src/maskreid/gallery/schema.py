"""The one table of a gallery: a row for each image."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from maskreid.errors import MaskreidError
from maskreid.files import as_text

if TYPE_CHECKING:
    import pyarrow as pa

TABLE = "images"
ID_DIGITS = 32
FIRST_DATE = 1e8  # times from here on are seconds since 1970 (this is in 1973), smaller ones are frames
# Without it, two processes that insert the same id at once would both succeed.
KEY = {b"lance-schema:unenforced-primary-key": b"true"}
ERASING = "maskreid.erasing"  # key in the table's configuration, there until a removal is finished
SETTINGS = b"maskreid"  # key of the gallery's settings in the schema's metadata
# What a row says of itself; `checksum` leaves out identity, cluster and tags, which change.
FACTS = ("id", "camera", "time", "source", "path", "model")


def table_schema(dimension: int) -> pa.Schema:
    """Return the columns; ``id`` is `content_id`."""
    import pyarrow as pa

    return pa.schema(
        [
            pa.field("id", pa.string(), nullable=False, metadata=KEY),
            pa.field("feature", pa.list_(pa.float32(), dimension), nullable=False),
            pa.field("camera", pa.int32(), nullable=False),  # -1 where unknown
            pa.field("time", pa.float64()),  # when it was seen: seconds since 1970, or as the source counts
            pa.field("identity", pa.string()),  # null where nobody knows
            pa.field("cluster", pa.string()),  # who it might be, as `cluster` proposes; null where it does not
            pa.field("tags", pa.list_(pa.string()), nullable=False),
            pa.field("source", pa.string(), nullable=False),
            pa.field("path", pa.string(), nullable=False),  # of the image in its source
            pa.field("coverage", pa.float32(), nullable=False),  # share of the image that its mask covers
            pa.field("thumbnail", pa.binary()),  # JPEG
            pa.field("model", pa.string(), nullable=False),  # fingerprint
            pa.field("added", pa.timestamp("us", "UTC"), nullable=False),
            pa.field("checksum", pa.string(), nullable=False),
        ]
    )


def row_checksum(feature: bytes, thumbnail: bytes | None, facts: Mapping[str, Any]) -> str:
    """Return 16 hex digits over what must not change in a row.

    Args:
        feature: the vector's float32 bytes.
        thumbnail: JPEG, if there is one.
        facts: the row's `FACTS`.
    """
    digest = hashlib.sha256(feature)
    digest.update(thumbnail or b"")
    digest.update(repr([facts[name] for name in FACTS]).encode())
    return digest.hexdigest()[:16]


def check_text(what: str, text: str) -> None:
    """Refuse a text that the table cannot keep.

    Raises:
        MaskreidError: it is not UTF-8, as what a terminal of another encoding sends.
    """
    if text != as_text(text):
        raise MaskreidError(f"{what} {text!r}: is not UTF-8; type it in a terminal that is")


def content_id(content: bytes) -> str:
    """Return the first hex digits of the SHA-256 of an image's bytes: the same image is the same entry."""
    return hashlib.sha256(content).hexdigest()[:ID_DIGITS]


def date_text(time: float) -> str | None:
    """Return a time as a date in UTC; None where it counts frames, or no calendar goes so far (milliseconds do)."""
    if time < FIRST_DATE:
        return None
    try:
        return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%d %H:%M:%S")
    except (OverflowError, OSError, ValueError):
        return None


def quoted(values: Iterable[str]) -> str:
    """Write strings as a list for SQL."""
    return ", ".join("'" + value.replace("'", "''") + "'" for value in values)
