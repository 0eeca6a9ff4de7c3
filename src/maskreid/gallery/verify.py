"""Is every row as it was written, and is what was removed really gone?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from maskreid.errors import MaskreidError
from maskreid.gallery.erase import unfinished
from maskreid.gallery.errors import telling
from maskreid.gallery.gallery import Gallery
from maskreid.gallery.judgements import dangling, leftovers
from maskreid.gallery.lock import being_erased, being_written
from maskreid.gallery.nearest import matrix_of
from maskreid.gallery.place import in_bucket
from maskreid.gallery.schema import FACTS, row_checksum
from maskreid.progress import Progress, finish, silent
from maskreid.retrieval.features import UNIT_TOLERANCE

if TYPE_CHECKING:
    from lance import LanceDataset

TRIES = 3  # of a check that others disturb
NAMED = 5  # bad rows that are named


@dataclass(frozen=True)
class Verification:
    """What was found.

    Attributes:
        rows: entries that were read.
        problems: one line each; none if all is well.
        versions: of the table that are kept; after a removal there is one.
        underway: files that belong to no version yet, while another process is writing: no problem so far.
    """

    rows: int
    problems: tuple[str, ...]
    versions: int
    underway: int = 0

    @property
    def ok(self) -> bool:
        """Whether there is no problem."""
        return not self.problems

    def __str__(self) -> str:
        head = f"{self.rows:,} entries, {self.versions} version{'' if self.versions == 1 else 's'} of the table"
        if self.underway:
            head += f", {self.underway:,} files of a command that is writing now (verify again when it has finished)"
        if self.ok:
            return f"{head}: every checksum, length and fingerprint is right, and nothing removed is left"
        return "\n".join([f"{head}:", *(f"  {problem}" for problem in self.problems)])


def verify(gallery: Gallery, *, progress: Progress = silent) -> Verification:
    """Read every row, and account for every file.

    Checked are: each row's checksum, its feature's length and its model's fingerprint; that no id is there twice;
    that no removal was cut off; that no judgement names what is gone; and that no file lies there which no version of
    the table refers to.

    Raises:
        MaskreidError: the gallery cannot be read at all.
    """
    for _ in range(TRIES):
        before = _version(gallery)
        found = _verify(gallery, progress)
        if found.ok or _version(gallery) == before:
            break  # else somebody wrote meanwhile, and may have deleted what was being read
    return found


def _version(gallery: Gallery) -> int:
    with telling(gallery.path):
        return int(gallery.table.to_lance().version)


def _verify(gallery: Gallery, progress: Progress) -> Verification:
    problems: list[str] = []
    rows = 0
    bad: dict[str, list[str]] = {}
    seen: set[str] = set()
    try:
        total = len(gallery)
        counted = progress(range(total), total=total, what="verifying", unit="entry")
        for batch in gallery.rows([*FACTS, "feature", "thumbnail", "checksum"]):
            vectors = matrix_of(batch["feature"])
            lengths = np.linalg.norm(vectors, axis=1)
            for row, vector, length in zip(
                batch.drop_columns(["feature"]).to_pylist(), vectors, lengths, strict=True
            ):
                next(counted, None)
                rows += 1
                for what in _wrong(gallery, row, vector, float(length), seen):
                    bad.setdefault(what, []).append(row["id"])
                seen.add(row["id"])
        finish(counted)
    except MaskreidError as error:
        problems.append(f"not all rows can be read: {error}")
    for what, ids in bad.items():
        more = f" and {len(ids) - NAMED:,} more" if len(ids) > NAMED else ""
        problems.append(f"{what}: {', '.join(ids[:NAMED])}{more}; remove them and add their images again")
    with telling(gallery.path):
        dataset = gallery.table.to_lance()
        erased = unfinished(gallery) and not being_erased(gallery.path)
        if erased and unfinished(gallery):  # it may have finished since the first look
            problems.append("a removal was cut off, so removed entries may still be in files; repeat it")
        versions = len(dataset.versions())
        underway = 0
        if loose := _loose(dataset):
            if being_written(gallery.path):
                underway = len(loose)
            elif loose := _loose(gallery.table.to_lance()):  # a writer may have finished since the first look
                running = ", or is still running" if in_bucket(gallery.path) else ""
                problems.append(
                    f"{len(loose):,} files belong to no version, left by a command that was killed or overtaken by "
                    f"another{running}, such as {loose[0]}; any removal erases them, in a bucket with --alone"
                )
    said = _about_judgements(gallery)
    problems += [] if said and being_erased(gallery.path) else said
    return Verification(rows, tuple(problems), versions, underway)


def _about_judgements(gallery: Gallery) -> list[str]:
    problems = []
    try:
        if rest := leftovers(gallery):
            problems.append(f"{' and '.join(rest)}, left by a command that was killed; any removal takes it away")
        if left := dangling(gallery):
            problems.append(f"{len(left):,} judgements name entries that are not there; any removal deletes them")
    except MaskreidError as error:
        problems.append(str(error))
    return problems


def _loose(dataset: LanceDataset) -> list[str]:
    """Return the files that no version of the table refers to."""
    there = {row["path"] for row in dataset.all_files().read_all().to_pylist()}
    meant = {row["path"] for row in dataset.tracked_files().read_all().to_pylist()}
    return sorted(path for path in there - meant if path.startswith(("data/", "_indices/", "_deletions/")))


def _wrong(gallery: Gallery, row: dict[str, object], vector: np.ndarray, length: float, seen: set[str]) -> list[str]:
    found = []
    thumbnail = row["thumbnail"]
    assert thumbnail is None or isinstance(thumbnail, bytes)
    if row["checksum"] != row_checksum(vector.tobytes(), thumbnail, row):
        found.append("changed since they were written (checksum)")
    if len(vector) != gallery.settings.dimension or abs(length - 1) > UNIT_TOLERANCE:
        found.append("features that are no unit vectors of the gallery's dimension")
    if row["model"] != gallery.settings.fingerprint:
        found.append("features of another model")
    if row["id"] in seen:
        found.append("there twice")
    return found
