"""Out again: a CSV that training reads, the features, and the thumbnails."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from maskreid.errors import MaskreidError
from maskreid.files import replacing_all, telling_unwritable, write_atomically
from maskreid.gallery.errors import once_more
from maskreid.gallery.filters import Filter
from maskreid.gallery.gallery import ENTRY, Entry, Gallery, as_entry
from maskreid.gallery.judgements import judgements, standing
from maskreid.gallery.nearest import matrix_of
from maskreid.gallery.schema import ID_DIGITS
from maskreid.images import DISTRACTOR
from maskreid.progress import Progress, finish, silent
from maskreid.retrieval import Features

COLUMNS = ("path", "identity", "identity_name", "camera", "split", "time", "id", "source", "tags")
TABLE, FEATURES, JUDGEMENTS, THUMBNAILS = "entries.csv", "features.npz", "judgements.csv", "thumbnails"


@once_more
def export(gallery: Gallery, out: str | Path, where: Filter | None = None, *, progress: Progress = silent) -> int:
    """Write ``entries.csv``, ``features.npz`` and, if there are any, ``thumbnails/ID.jpg`` and ``judgements.csv``.

    The CSV is one that training reads, where the thumbnails are its images; without them, its paths are those of the
    source. In it and in the features, people are numbered in the order of their names, and 0 is nobody known. The
    judgements are those that stand and that the names of what is exported still bear out: pairs of ids, 1 for one
    person and 0 for two. Thumbnails and judgements that an earlier export left there are deleted.

    Returns:
        How many entries were written.

    Raises:
        MaskreidError: no entry passes ``where``, ``out`` has files of these names that no export wrote, the entries
            are of several sources and have no thumbnails, or ``out`` cannot be written.
    """
    out = Path(out)
    others = [name for name in (TABLE, FEATURES, JUDGEMENTS) if (out / name).exists()]
    if others and not _is_export(out / TABLE):
        raise MaskreidError(f"{out}: has {', '.join(others)}, but not of an earlier export; name another folder")
    pictures = gallery.settings.thumbnail > 0
    if not pictures:
        _check_one_source(gallery, where)
    vectors, entries, pictured = [], [], set[str]()
    total = len(gallery) if where is None else gallery.count(where)
    if not total:
        raise MaskreidError(f"{gallery.path}: no entry passes these filters; nothing was exported")
    counted = progress(range(total), total=total, what="exporting", unit="entry")
    with telling_unwritable(out):
        (out / THUMBNAILS if pictures else out).mkdir(parents=True, exist_ok=True)
        for batch in gallery.rows([*ENTRY, "feature", *(["thumbnail"] if pictures else [])], where):
            vectors.append(matrix_of(batch["feature"]))
            for row in batch.drop_columns(["feature"]).to_pylist():
                next(counted, None)
                entries.append(as_entry(row))
                if row.get("thumbnail"):
                    pictured.add(row["id"])
                    write_atomically(out / _picture(row["id"]), row["thumbnail"])
        finish(counted)
        people = sorted({entry.identity for entry in entries if entry.identity})
        numbers = {name: number for number, name in enumerate(people, 1)}
        features = Features(
            np.concatenate(vectors),
            np.array([numbers[entry.identity] if entry.identity else DISTRACTOR for entry in entries]),
            np.array([entry.camera for entry in entries]),
            tuple(entry.id for entry in entries),
            gallery.settings.fingerprint,
        )
        said = _judgements(gallery, {entry.id: entry.identity for entry in entries})
        with replacing_all([out / name for name in (TABLE, FEATURES, *((JUDGEMENTS,) if said else ()))]) as files:
            files[0].write(_table(entries, numbers, pictured).encode())
            features.write(files[1])
            if said:
                files[2].write(said.encode())
        if not said:
            (out / JUDGEMENTS).unlink(missing_ok=True)
        for left in (out / THUMBNAILS).glob(f"{'[0-9a-f]' * ID_DIGITS}.jpg"):
            if left.stem not in pictured:
                left.unlink()
    return len(entries)


def _is_export(table: Path) -> bool:
    """Whether an earlier export wrote this ``entries.csv``."""
    try:
        with table.open(encoding="utf-8") as lines:
            return lines.readline().rstrip("\n") == ",".join(COLUMNS)
    except (OSError, UnicodeDecodeError):
        return False


def _check_one_source(gallery: Gallery, where: Filter | None) -> None:
    """Refuse paths of several sources: they are relative to different folders, and no CSV lies beside both.

    Sources of one layout have one name, but a path that comes twice tells them apart.
    """
    rows = [row for batch in gallery.rows(["source", "path"], where) for row in batch.to_pylist()]
    names = sorted({row["source"] for row in rows})
    if len(names) > 1 or len({row["path"] for row in rows}) < len(rows):
        raise MaskreidError(
            f"{gallery.path}: these entries are of several sources ({', '.join(names)}), and without thumbnails a "
            "CSV has the paths of one; export them apart (--tag, --camera), or create the gallery with --thumbnail"
        )


def _picture(id_: str) -> str:
    return f"{THUMBNAILS}/{id_}.jpg"


def _table(entries: Sequence[Entry], numbers: Mapping[str, int], pictured: set[str]) -> str:
    """Return the entries as CSV; those that are ``pictured`` have their thumbnail's path."""
    text = io.StringIO()
    writer = csv.writer(text)  # its own line ends, since it quotes what holds one of these
    writer.writerow(COLUMNS)
    for entry in entries:
        path = _picture(entry.id) if entry.id in pictured else entry.path
        person = (numbers[entry.identity], entry.identity) if entry.identity else (DISTRACTOR, "")
        camera = "" if entry.camera < 0 else entry.camera
        split = "train" if entry.identity else "gallery"
        time = "" if entry.time is None else repr(entry.time)
        writer.writerow((path, *person, camera, split, time, entry.id, entry.source, " ".join(entry.tags)))
    return text.getvalue()


def _judgements(gallery: Gallery, names: Mapping[str, str | None]) -> str:
    """Return the pairs that people judged as CSV, as far as the ``names`` of what is exported still say so.

    Of a judgement of many, the first that is exported and has the same name stands for those that are not.
    """
    text = io.StringIO()
    writer = csv.writer(text)
    rows = []
    for each in standing(judgements(gallery)):
        kept, first = [id_ for id_ in each.entries if id_ in names], dict[str, str]()
        if each.what == "different":
            pairs = [(a, b, 0) for a in each.than if a in names for b in kept if not names[a] or names[a] != names[b]]
        else:
            named = [(id_, name) for id_ in kept if (name := names[id_])]
            pairs = [(a, b, 1) for b, name in named if (a := first.setdefault(name, b)) != b]
        rows += [(*pair, each.who, each.when) for pair in pairs]
    if rows:
        writer.writerows([("a", "b", "same", "who", "when"), *rows])
    return text.getvalue()
