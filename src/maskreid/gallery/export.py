"""Out again: a CSV that training reads, the features, and the thumbnails."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np

from maskreid.errors import MaskreidError
from maskreid.files import write_atomically
from maskreid.gallery.filters import Filter
from maskreid.gallery.gallery import ENTRY, Gallery, as_entry
from maskreid.gallery.judgements import judgements, standing
from maskreid.gallery.nearest import matrix_of
from maskreid.progress import Progress, silent
from maskreid.retrieval import Features

COLUMNS = ("path", "identity", "camera", "split", "time", "id", "source", "tags")


def export(gallery: Gallery, out: str | Path, where: Filter | None = None, *, progress: Progress = silent) -> int:
    """Write ``entries.csv``, ``features.npz`` and, if there are any, ``thumbnails/ID.jpg`` and ``judgements.csv``.

    The CSV is one that training reads, where the thumbnails are its images; without them, its paths are those of the
    sources. In the features, people are numbered in the order of their names, and 0 is nobody known. The judgements
    are those that stand, each about entries that are exported: pairs of ids, 1 for one person and 0 for two.

    Returns:
        How many entries were written.

    Raises:
        MaskreidError: nothing is meant by ``where``, or ``out`` cannot be written.
    """
    out = Path(out)
    pictures = gallery.settings.thumbnail > 0
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    vectors, entries = [], []
    total = len(gallery)
    counted = progress(range(total), total=total, what="exporting", unit="entry")
    try:
        out.mkdir(parents=True, exist_ok=True)
        for batch in gallery.rows([*ENTRY, "feature", *(["thumbnail"] if pictures else [])], where):
            vectors.append(matrix_of(batch["feature"]))
            for row in batch.drop_columns(["feature"]).to_pylist():
                next(counted, None)
                entry = as_entry(row)
                entries.append(entry)
                path = entry.path
                if row.get("thumbnail"):
                    path = f"thumbnails/{entry.id}.jpg"
                    (out / "thumbnails").mkdir(exist_ok=True)
                    write_atomically(out / path, row["thumbnail"])
                split = "train" if entry.identity else "gallery"
                identity, time = entry.identity or "0", "" if entry.time is None else repr(entry.time)
                camera = "" if entry.camera < 0 else entry.camera
                tags = " ".join(entry.tags)
                writer.writerow((path, identity, camera, split, time, entry.id, entry.source, tags))
        if not entries:
            raise MaskreidError(f"{gallery.path}: no entry is meant; nothing was exported")
        people = sorted({entry.identity for entry in entries if entry.identity})
        numbers = {name: number for number, name in enumerate(people, 1)}
        Features(
            np.concatenate(vectors),
            np.array([numbers.get(entry.identity or "", 0) for entry in entries]),
            np.array([entry.camera for entry in entries]),
            tuple(entry.id for entry in entries),
            gallery.settings.fingerprint,
        ).save(out / "features.npz")
        write_atomically(out / "entries.csv", text.getvalue().encode())
        if said := _judgements(gallery, {entry.id for entry in entries}):
            write_atomically(out / "judgements.csv", said.encode())
    except OSError as error:
        raise MaskreidError(f"{out}: cannot be written ({error.strerror}); choose another folder") from None
    return len(entries)


def _judgements(gallery: Gallery, exported: set[str]) -> str:
    """Return the pairs that people judged as CSV; empty without any."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    rows = []
    for each in standing(judgements(gallery)):
        if each.what == "different":
            pairs = [(a, b, 0) for a in each.than for b in each.entries]
        else:
            pairs = [(each.entries[0], b, 1) for b in each.entries[1:]]
        rows += [(*pair, each.who, each.when) for pair in pairs if {pair[0], pair[1]} <= exported]
    if rows:
        writer.writerows([("a", "b", "same", "who", "when"), *rows])
    return text.getvalue()
