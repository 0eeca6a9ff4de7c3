"""Arguments that several verbs share, and how they become objects."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from maskreid.images import Dataset

SYNTHETIC = "synthetic"

DataArgument = Annotated[
    str,
    typer.Argument(
        metavar="DATA",
        help='A dataset: its folder, the folder above it, its zip as downloaded, or "synthetic" '
        "for the generated world.",
        show_default=False,
    ),
]
_DATA = typer.Option(
    "--data",
    metavar="DATA",
    help='The dataset: its folder, the folder above it, its zip as downloaded, or "synthetic".',
    show_default=False,
)
DataOption = Annotated[str, _DATA]
OptionalDataOption = Annotated[str | None, _DATA]
FormatOption = Annotated[
    str | None,
    typer.Option(
        "--format",
        help="Read DATA as market1501, dukemtmc, msmt17, cuhk03-np, folders or csv instead of detecting which it is.",
    ),
]
ProtocolOption = Annotated[
    str,
    typer.Option(
        "--protocol",
        metavar="NAME",
        help="market1501; market1501-multiple (queries pooled); cuhk03-classic (one gallery image per person, "
        "100 draws); all-vs-all (every image searches all others).",
    ),
]
CacheOption = Annotated[
    Path | None,
    typer.Option("--cache", help="Where packed images are kept. [default: $MASKREID_CACHE or ~/.cache/maskreid]"),
]


def open_data(data: str, format_: str | None = None) -> Dataset:
    """Return the dataset that a DATA argument names."""
    from maskreid.images import open_dataset, synthetic_world

    if data == SYNTHETIC and format_ is None:
        return synthetic_world()
    return open_dataset(data, format_)
