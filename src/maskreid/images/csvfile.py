"""A CSV file with a line for each image: ``path, identity, camera, split`` and, if known, ``time`` and ``mask``.

Paths are relative to the CSV. An identity is a number from 1; in the gallery also 0, a distractor, and -1, junk. If
one is not a number, all but those two are names and numbered in their order. ``identity_name`` says what a number's
person is called, which may look like a number too. A camera is a number, or empty if unknown. Columns of other names
are passed over.
"""

from __future__ import annotations

import csv
import io
import math
import posixpath
import re
from collections.abc import Iterator
from datetime import UTC, datetime

from maskreid.errors import MaskreidError, did_you_mean
from maskreid.images.layout import Format, Tree, base, join, own_numbering, parent
from maskreid.images.records import DISTRACTOR, JUNK, SPLITS, UNKNOWN_CAMERA, Dataset, PersonImage, check_camera
from maskreid.images.source import Source

NEEDED = ("path", "identity", "camera", "split")
OPTIONAL = ("time", "mask", "identity_name")
HEADER = 10_000  # bytes in which the header ends
WHOLE = re.compile(r"(-?[0-9]{1,18})(?:\.0+)?")  # pandas writes 3.0 where a column has gaps


def _find(tree: Tree, forced: bool) -> list[str]:
    tables = [
        member
        for member in tree.members
        if member.lower().endswith(".csv") and parent(member) in tree.folders and not base(member).startswith(".")
    ]
    if not forced:  # other tables lie about too
        tables = [member for member in tables if _is_meant(tree, member)]
    top = min((member.count("/") for member in tables), default=0)
    return [member for member in tables if member.count("/") == top]


def _is_meant(tree: Tree, member: str) -> bool:
    """Whether a table has the columns, and is not what a training run writes about images that are elsewhere."""
    if base(member) == "people.csv" and tree.has(join(parent(member), "recipe.toml")):
        return False
    first = tree.source.read(member)[:HEADER].decode("utf-8-sig", errors="replace").splitlines()[:1]
    return any(set(NEEDED) <= set(_names(row)) for row in csv.reader(first, skipinitialspace=True))


def _load(source: Source, tree: Tree, table: str, _: int) -> Dataset:
    where = f"{source.name}: {table}"
    rows = list(_rows(source.read(table), where))
    if not rows:
        raise MaskreidError(f"{where} has no images; expected a line for each below {', '.join(NEEDED)}")
    written = {row["identity"] for _, row in rows}
    nobody = {name: number for name in written if (number := _whole(name)) in (DISTRACTOR, JUNK)}
    people = sorted(written - set(nobody))
    given = {name: number for name in people if (number := _whole(name)) is not None}
    named = len(given) < len(people)
    numbers = nobody | ({name: number for number, name in enumerate(people, 1)} if named else given)
    names = {numbers[name]: name for name in people} if named else {}
    members = set(tree.members)
    splits: dict[str, list[PersonImage]] = {}
    shown: dict[str, str] = {}  # who is in an image, which may come in several splits
    for number, row in rows:
        line = f"{where}, line {number}"
        split = row["split"]
        if split not in SPLITS:
            raise MaskreidError(
                f"{line}: split is {split!r}; expected {', '.join(SPLITS)}{did_you_mean(split, SPLITS)}"
            )
        identity = numbers[row["identity"]]
        if identity < 1 and (split != "gallery" or identity < -1):
            raise MaskreidError(
                f"{line}: identity is {identity}; number persons from 1 (distractors, 0, and junk, -1, are for the "
                "gallery only)"
            )
        called = row["identity_name"]
        if called and (identity < 1 or names.setdefault(identity, called) != called):
            who = names.get(identity, "nobody")
            raise MaskreidError(f"{line}: identity {row['identity']} is {who}, but identity_name is {called!r}")
        path = _member(row["path"], "path", members, table, line)
        if numbers[shown.setdefault(path, row["identity"])] != identity:
            raise MaskreidError(
                f"{line}: {row['path']} shows identity {row['identity']}, but {shown[path]} in a line before; an "
                "image is of one person"
            )
        splits.setdefault(split, []).append(
            PersonImage(
                path,
                identity,
                _camera(row["camera"], line),
                _time(row["time"], line),
                _member(row["mask"], "mask", members, table, line) if row["mask"] else None,
            )
        )
    ordered = {
        split: tuple(sorted(splits[split], key=lambda image: image.path)) for split in SPLITS if split in splits
    }
    used = {path for images in ordered.values() for image in images for path in (image.path, image.mask) if path}
    ignored = tree.ignored(parent(table), used | {table}, lambda member: "image that the CSV does not name")
    return Dataset("csv", source, ordered, ignored, names, numbering=own_numbering(source, table))


def _rows(content: bytes, where: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield line number and stripped values by column; columns that are absent are empty."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise MaskreidError(f"{where}, line {line}: not UTF-8; save the file as UTF-8 CSV") from None
    reader = csv.reader(io.StringIO(text, newline=""), skipinitialspace=True)
    try:
        header = _names(next(reader, []))
        for name in NEEDED:
            if name not in header:
                raise MaskreidError(
                    f"{where}, line 1: no column {name!r}; expected "
                    f"{', '.join(NEEDED)}[, {', '.join(OPTIONAL)}], found {', '.join(header) or 'nothing'}"
                )
        twice = [name for name in NEEDED + OPTIONAL if header.count(name) > 1]
        if twice:
            raise MaskreidError(f"{where}, line 1: two columns are called {twice[0]!r}; expected one of each name")
        for values in reader:
            if not any(value.strip() for value in values):
                continue
            if len(values) != len(header):
                raise MaskreidError(
                    f"{where}, line {reader.line_num}: expected {len(header)} values, found {len(values)}"
                )
            row = dict(zip(header, (value.strip() for value in values), strict=True))
            for name in ("path", "identity", "split"):
                if not row[name]:
                    raise MaskreidError(f"{where}, line {reader.line_num}: {name} is empty")
            yield reader.line_num, {name: row.get(name, "") for name in NEEDED + OPTIONAL}
    except csv.Error as error:
        raise MaskreidError(f"{where}, line {reader.line_num}: not CSV ({error})") from None


def _names(header: list[str]) -> list[str]:
    return [name.strip().lower() for name in header]


def _member(value: str, column: str, members: set[str], table: str, line: str) -> str:
    member = posixpath.normpath(join(parent(table), value.replace("\\", "/")))
    if member not in members:
        raise MaskreidError(
            f"{line}: there is no {column} {value!r}; paths are relative to the CSV, in its folder or below"
        )
    return member


def _camera(value: str, line: str) -> int:
    if not value:
        return UNKNOWN_CAMERA
    camera = _whole(value)
    if camera is None:
        raise MaskreidError(f"{line}: camera is {value!r}; expected a number, or nothing if unknown")
    check_camera(camera, f"{line}: ")
    return camera


def _time(value: str, line: str) -> float | None:
    if not value:
        return None
    try:
        return parse_time(value)
    except MaskreidError as error:
        raise MaskreidError(f"{line}: {error}, or nothing if unknown") from None


def parse_time(value: str) -> float:
    """Return a number as it is, and a date as seconds since 1970; a date without a zone is UTC.

    Raises:
        MaskreidError: it is neither.
    """
    try:
        time = float(value)
    except ValueError:
        try:
            date = datetime.fromisoformat(value)
        except ValueError:
            time = math.nan
        else:
            time = (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
    if not math.isfinite(time):
        raise MaskreidError(
            f"time is {value!r}; expected a number (frame or seconds) or a date such as 2026-11-23T08:00"
        )
    return time


def _whole(value: str) -> int | None:
    match = WHOLE.fullmatch(value)
    return int(match[1]) if match else None


CSV = Format("csv", "a .csv with the columns path, identity, camera, split", _find, _load)
