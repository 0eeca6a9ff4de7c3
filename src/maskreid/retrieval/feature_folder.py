"""A folder of features: ``query.npz``, ``gallery.npz``, and ``multi_query.npz`` where queries can be pooled."""

from __future__ import annotations

from pathlib import Path

from maskreid.errors import MaskreidError
from maskreid.files import replacing_all, telling_unwritable
from maskreid.retrieval.features import Features

QUERY, GALLERY, BOXES = "query.npz", "gallery.npz", "multi_query.npz"


def save_folder(folder: str | Path, query: Features, gallery: Features, boxes: Features | None = None) -> list[Path]:
    """Write the features of one test, and return the files; boxes left by an earlier test go.

    An earlier test's files stay as they were where this one's cannot all be written.

    Raises:
        MaskreidError: they cannot.
    """
    folder = Path(folder)
    parts = {QUERY: query, GALLERY: gallery} | ({BOXES: boxes} if boxes is not None else {})
    with telling_unwritable(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with replacing_all([folder / name for name in parts]) as files:
            for file, features in zip(files, parts.values(), strict=True):
                features.write(file)
        if boxes is None:
            (folder / BOXES).unlink(missing_ok=True)
    return [folder / name for name in parts]


def load_folder(folder: str | Path) -> tuple[Features, Features, Features | None]:
    """Return query, gallery and, if they are there, boxes.

    Raises:
        MaskreidError: there is no query or no gallery, or `Features.load` refuses one.
    """
    folder = Path(folder)
    missing = [name for name in (QUERY, GALLERY) if not (folder / name).is_file()]
    if missing:
        raise MaskreidError(
            f"{folder}: expected {QUERY} and {GALLERY}, as maskreid evaluate --out writes them; "
            f"no {' and no '.join(missing)}"
        )
    boxes = folder / BOXES
    return (
        Features.load(folder / QUERY),
        Features.load(folder / GALLERY),
        Features.load(boxes) if boxes.is_file() else None,
    )
