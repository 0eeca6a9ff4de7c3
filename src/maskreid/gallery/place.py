"""Where a gallery lies: in a folder, or in a bucket, where nothing can be locked or renamed."""

from __future__ import annotations

from pathlib import Path

BUCKETS = ("s3://", "s3+ddb://", "gs://", "az://")  # of what Lance knows, those that others can reach too


def in_bucket(path: str | Path) -> bool:
    """Whether a gallery's path is an address, such as ``s3://bucket/prefix``, and not a folder's."""
    return "://" in str(path)
