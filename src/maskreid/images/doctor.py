"""Look at a dataset before trusting it: counts to compare with the published ones, and what would go wrong later."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from maskreid.errors import MaskreidError
from maskreid.images.decode import decode_image
from maskreid.images.records import JUNK, UNKNOWN_CAMERA, Dataset, PersonImage
from maskreid.progress import Progress, silent

EXAMPLES = 5
ODD = 2.0  # a side that is this many times longer or shorter than usual is odd
TESTED = ("query", "gallery")


@dataclass(frozen=True)
class Row:
    """One line of the table that users compare with the published counts."""

    subset: str
    identities: int
    images: int
    cameras: int


@dataclass(frozen=True)
class Finding:
    """Something about a dataset that a person should know.

    Attributes:
        severity: "error": results would be wrong or training would stop; "warning": results may mislead;
            "note": nothing is wrong.
        what: in words, without the count.
        count: how many images, identities or files it is about.
        examples: up to five of them.
    """

    severity: Literal["error", "warning", "note"]
    what: str
    count: int
    examples: tuple[str, ...] = ()

    def __str__(self) -> str:
        shown = "".join(f"\n  {example}" for example in self.examples)
        more = "\n  ..." if self.examples and self.count > len(self.examples) else ""
        return f"{self.severity}: {self.count} {self.what}{shown}{more}"


@dataclass(frozen=True)
class DatasetReport:
    """What `check_dataset` found.

    Attributes:
        name: the format that the dataset was read as.
        source: where it is.
        rows: counts; a gallery with junk has two rows, with and without it. Distractors count as one identity, as
            in the tables that users know.
        findings: errors first, then warnings, then notes.
    """

    name: str
    source: str
    rows: tuple[Row, ...]
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """Whether there are no errors."""
        return not any(finding.severity == "error" for finding in self.findings)

    def __str__(self) -> str:
        header = ("subset", "# ids", "# images", "# cameras")
        cells = [header, *((row.subset, row.identities, row.images, row.cameras) for row in self.rows)]
        width = max(len(str(line[0])) for line in cells)
        table = [f"{line[0]:<{width}} | {line[1]:>6} | {line[2]:>8} | {line[3]:>9}" for line in cells]
        counts = Counter(finding.severity for finding in self.findings)
        verdict = f"{_plural(counts['error'], 'error')}, {_plural(counts['warning'], 'warning')}"
        top = f"{self.source}: {self.name}"
        return "\n".join([top, *table, *(str(finding) for finding in self.findings), verdict])


def check_dataset(dataset: Dataset, progress: Progress = silent) -> DatasetReport:
    """Decode every image once and report what is wrong or remarkable.

    Args:
        dataset: from `maskreid.images.open_dataset`.
        progress: told about every image.
    """
    findings = [
        *_files(dataset, progress),
        *_nobody(dataset),
        *_shared_identities(dataset),
        *_unanswerable(dataset),
        *_single_camera(dataset),
        *_unknown_cameras(dataset),
        *(Finding("note", f"files passed over: {reason}", count) for reason, count in dataset.ignored.items()),
    ]
    order = ("error", "warning", "note")
    findings.sort(key=lambda finding: order.index(finding.severity))
    return DatasetReport(dataset.name, dataset.source.name, tuple(_rows(dataset)), tuple(findings))


def _rows(dataset: Dataset) -> Iterator[Row]:
    for split, images in dataset.splits.items():
        people = [image for image in images if image.identity != JUNK]
        if len(people) < len(images):
            yield _row(f"{split}, all files", images)
        yield _row(split, people)


def _row(name: str, images: Sequence[PersonImage]) -> Row:
    cameras = {image.camera for image in images} - {UNKNOWN_CAMERA}
    return Row(name, len({image.identity for image in images} - {JUNK}), len(images), len(cameras))


def _files(dataset: Dataset, progress: Progress) -> Iterator[Finding]:
    """Read each file once; report those that cannot be decoded, are of an odd size, or are there twice."""
    images = dataset.images()
    unreadable: list[str] = []
    sizes: dict[str, tuple[int, int]] = {}
    by_content: dict[bytes, list[PersonImage]] = defaultdict(list)
    for image in progress(images, total=len(images), what="checking images", unit="image"):
        try:
            content = dataset.source.read(image.path)
            height, width, _ = decode_image(content, image.path).shape
        except MaskreidError as error:
            unreadable.append(str(error) if image.path in str(error) else f"{image.path}: {error}")
            continue
        sizes[image.path] = (height, width)
        by_content[hashlib.sha256(content).digest()].append(image)
    yield from _found("error", "images cannot be read", unreadable)
    yield from _odd_sizes(sizes)
    yield from _duplicates(dataset, by_content)


def _odd_sizes(sizes: Mapping[str, tuple[int, int]]) -> Iterator[Finding]:
    if not sizes:
        return
    # Crops as detected have every size; then only the extremes against the middle one are odd.
    middle = tuple(sorted(size[axis] for size in sizes.values())[len(sizes) // 2] for axis in (0, 1))
    odd = [
        f"{path}: {size[0]}x{size[1]}"
        for path, size in sizes.items()
        if any(max(side / usual, usual / side) >= ODD for side, usual in zip(size, middle, strict=True))
    ]
    usual_size = f"{middle[0]}x{middle[1]} (height x width)"
    what = f"images have a side {ODD:g} times longer or shorter than usual, {usual_size}"
    yield from _found("warning", what, odd)
    common, count = Counter(sizes.values()).most_common(1)[0]
    if count < len(sizes):
        yield Finding(
            "note",
            f"images are not {common[0]}x{common[1]} (height x width), the most common size",
            len(sizes) - count,
        )


def _duplicates(dataset: Dataset, by_content: Mapping[bytes, list[PersonImage]]) -> Iterator[Finding]:
    # Boxes for multiple query are the very boxes that queries and gallery were taken from.
    compared = {image.path for split, images in dataset.splits.items() if split != "multi_query" for image in images}
    groups = [kept for same in by_content.values() if len(kept := [i for i in same if i.path in compared]) > 1]
    conflicts: list[str] = []
    copies: list[str] = []
    for group in groups:
        several = len({image.identity for image in group if image.identity > 0}) > 1
        (conflicts if several else copies).append(_paths(group))
    yield from _found("error", "files have the same content but different identities", conflicts)
    yield from _found("warning", "groups of files have the same content", copies)
    query = {image.path for image in dataset.splits.get("query", ())}
    both = [image.path for image in dataset.splits.get("gallery", ()) if image.path in query]
    yield from _found("warning", "query images are also in the gallery and may find themselves", both)


def _nobody(dataset: Dataset) -> Iterator[Finding]:
    for split in ("train", "query"):
        nobody = [image.path for image in dataset.splits.get(split, ()) if image.identity <= 0]
        what = f"{split} images are of nobody (identity 0 or -1) and passed over; number persons from 1"
        yield from _found("error", what, nobody)


def _shared_identities(dataset: Dataset) -> Iterator[Finding]:
    trained = {image.identity for image in dataset.splits.get("train", ()) if image.identity > 0}
    tested = {image.identity for split in TESTED for image in dataset.splits.get(split, ()) if image.identity > 0}
    names = [dataset.identity_names.get(number, str(number)) for number in sorted(trained & tested)]
    yield from _found("error", "identities are in both training and test", names)


def _unanswerable(dataset: Dataset) -> Iterator[Finding]:
    """Report queries that evaluation will skip, by reason."""
    queries, gallery = (dataset.splits.get(split, ()) for split in TESTED)
    if not queries or not gallery:
        return
    cameras: dict[int, set[int]] = defaultdict(set)
    for image in gallery:
        if image.identity > 0:
            cameras[image.identity].add(image.camera)
    absent = [image.path for image in queries if image.identity not in cameras]
    same = [
        image.path
        for image in queries
        if image.camera != UNKNOWN_CAMERA and cameras.get(image.identity) == {image.camera}
    ]
    yield from _found("warning", "queries have no match: their identity is not in the gallery", absent)
    yield from _found("warning", "queries have no match: the gallery has them under the same camera only", same)
    if len(absent) + len(same) == len(queries):
        yield Finding("error", "queries are all there are, and none has a match", len(queries))


def _single_camera(dataset: Dataset) -> Iterator[Finding]:
    for split in ("train", "gallery"):
        cameras: dict[int, set[int]] = defaultdict(set)
        for image in dataset.splits.get(split, ()):
            if image.identity > 0:
                cameras[image.identity].add(image.camera)
        single = [
            dataset.identity_names.get(number, str(number))
            for number, seen in sorted(cameras.items())
            if len(seen) == 1 and UNKNOWN_CAMERA not in seen
        ]
        yield from _found("warning", f"identities in {split} are seen by one camera only", single)


def _unknown_cameras(dataset: Dataset) -> Iterator[Finding]:
    for split, images in dataset.splits.items():
        unknown = [image.path for image in images if image.camera == UNKNOWN_CAMERA]
        if split in TESTED:
            what = f"{split} images have no known camera: near-copies from one camera count as correct matches"
            yield from _found("warning", f"{what}; docs/data.md says how to name it", unknown)
        elif unknown:
            yield Finding("note", f"{split} images have no known camera", len(unknown))


def _found(severity: Literal["error", "warning"], what: str, cases: Iterable[str]) -> Iterator[Finding]:
    cases = list(cases)
    if cases:
        yield Finding(severity, what, len(cases), tuple(cases[:EXAMPLES]))


def _paths(images: Sequence[PersonImage]) -> str:
    return " = ".join(image.path for image in images)


def _plural(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
