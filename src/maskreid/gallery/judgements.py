"""What people said about who is who: one line each in a file beside the table, until what it names is removed."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from maskreid.errors import MaskreidError
from maskreid.files import append_line, cut_to_lines, write_atomically
from maskreid.gallery.errors import telling
from maskreid.gallery.gallery import Gallery
from maskreid.gallery.place import in_bucket

FILE = "judgements.jsonl"
LOCK = ".judgements.lock"

What = Literal["same", "different", "split", "undo"]


@dataclass(frozen=True)
class Judged:
    """One judgement.

    Attributes:
        id: of the judgement.
        when: in UTC, to the second.
        who: whoever said so.
        what: "same": all ``entries`` show one person; "different": none of ``entries`` shows the person of ``than``;
            "split": ``entries`` show another person than the others of their identity; "undo": ``undoes`` was wrong.
        entries: whole ids.
        than: whole ids.
        identity: the name that ``entries`` got, if any.
        before: the names that were changed, by entry.
        undoes: another judgement's id.
        left: entries that an undoing did not rename, because somebody had labelled them since.
    """

    id: str
    when: str
    who: str
    what: What
    entries: tuple[str, ...]
    than: tuple[str, ...] = ()
    identity: str | None = None
    before: Mapping[str, str | None] | None = None
    undoes: str | None = None
    left: tuple[str, ...] = ()

    @classmethod
    def now(cls, who: str, what: What, entries: Sequence[str], **rest: object) -> Judged:
        """Return a new one, made at this moment."""
        when = datetime.now(UTC).isoformat(timespec="seconds")
        return cls(secrets.token_hex(8), when, who, what, tuple(dict.fromkeys(entries)), **rest)  # type: ignore[arg-type]

    @property
    def names(self) -> set[str]:
        """Every entry it says something about."""
        return {*self.entries, *self.than, *(self.before or {})}


def judgements(gallery: Gallery) -> list[Judged]:
    """Return all judgements, the first first; those that were undone and their undoing are among them.

    Raises:
        MaskreidError: the file is damaged.
    """
    if in_bucket(gallery.path) or not _file(gallery).exists():
        return []
    with telling(gallery.path):
        lines = _file(gallery).read_bytes().split(b"\n")
    return [_read(line, f"{_file(gallery)}, line {number}") for number, line in enumerate(lines[:-1], 1)]


def standing(all_: Sequence[Judged]) -> list[Judged]:
    """Return the judgements that were not undone, and no undoing."""
    undone = {each.undoes for each in all_}
    return [each for each in all_ if each.what != "undo" and each.id not in undone]


@contextmanager
def judging(gallery: Gallery) -> Iterator[None]:
    """Hold the file: judgements come one after another, from all processes.

    Raises:
        MaskreidError: the gallery is in a bucket, which has no place for the file, or it cannot be written.
    """
    if in_bucket(gallery.path):
        raise MaskreidError(f"{gallery.path}: judgements need a gallery on disk; maskreid gallery label works there")
    with telling(gallery.path), (Path(gallery.path) / LOCK).open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def append(gallery: Gallery, judged: Judged) -> int:
    """Write one more line, while `judging`; return how long the file was before, for `take_back`."""
    with telling(gallery.path):
        return append_line(_file(gallery), _line(judged))


def take_back(gallery: Gallery, length: int) -> None:
    """Make the file as long as it was before `append`, while still `judging`."""
    with telling(gallery.path):
        os.truncate(_file(gallery), length)


def forget(gallery: Gallery) -> int:
    """Delete every judgement that names an entry which is no longer there, and what undid it; return how many.

    What killed or failed commands left half written goes too.
    """
    if in_bucket(gallery.path) or not (dangling(gallery) or leftovers(gallery)):
        return 0
    with judging(gallery):
        with telling(gallery.path):
            for part in _parts(gallery):
                part.unlink()
            with _file(gallery).open("ab+") as file:
                cut_to_lines(file)
        all_ = judgements(gallery)
        gone = {each.id for each in dangling(gallery)}
        kept = [each for each in all_ if each.id not in gone and each.undoes not in gone]
        with telling(gallery.path):
            write_atomically(_file(gallery), "".join(f"{_line(each)}\n" for each in kept).encode())
    return len(all_) - len(kept)


def leftovers(gallery: Gallery) -> list[str]:
    """Return what killed or failed commands left half written, in words."""
    if in_bucket(gallery.path):
        return []
    with telling(gallery.path):
        content = _file(gallery).read_bytes() if _file(gallery).exists() else b""
        half = content and not content.endswith(b"\n")
        return [*(["half a line of a judgement"] if half else []), *(part.name for part in _parts(gallery))]


def dangling(gallery: Gallery) -> list[Judged]:
    """Return the judgements that name an entry which is not there."""
    all_ = judgements(gallery)
    there = gallery.present(set().union(*(each.names for each in all_)))
    return [each for each in all_ if each.names - there]


def _parts(gallery: Gallery) -> list[Path]:
    return sorted(_file(gallery).parent.glob(f"{FILE}.*.part"))


def _file(gallery: Gallery) -> Path:
    return Path(gallery.path) / FILE


def _line(judged: Judged) -> str:
    said = {name: value for name, value in asdict(judged).items() if value is not None and value != ()}
    return json.dumps(said)


def _read(line: bytes, where: str) -> Judged:
    try:
        values = json.loads(line)
        for name in ("entries", "than", "left"):
            listed = values.get(name, [])
            if not isinstance(listed, list) or not all(isinstance(id_, str) for id_ in listed):
                raise TypeError
            values[name] = tuple(listed)
        if not isinstance(values.get("before"), dict | None):
            raise TypeError
        return Judged(**values)
    except (ValueError, TypeError, AttributeError):
        raise MaskreidError(f"{where} is no judgement; correct or remove the line") from None
