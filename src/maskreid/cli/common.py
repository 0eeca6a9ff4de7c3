"""Arguments that several verbs share, and how they become objects."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from maskreid.errors import MaskreidError

if TYPE_CHECKING:
    from maskreid.images import Dataset

SYNTHETIC = "synthetic"

DataArgument = Annotated[
    str,
    typer.Argument(
        metavar="DATA",
        help='A dataset: its folder, the folder above it, its zip as downloaded, a CSV, or "synthetic" '
        "for the generated world.",
        show_default=False,
    ),
]
_MODEL = typer.Argument(help="A shipped model's name, a run folder or a model file.", show_default=False)
ModelArgument = Annotated[str, _MODEL]
OptionalModelArgument = Annotated[str | None, _MODEL]
NewModelOption = Annotated[
    Path,
    typer.Option("--out", metavar="MODEL2", help="Write MODEL2.safetensors and MODEL2.json.", show_default=False),
]
_DATA = typer.Option(
    "--data",
    metavar="DATA",
    help='The dataset: its folder, the folder above it, its zip as downloaded, a CSV, or "synthetic".',
    show_default=False,
)
DataOption = Annotated[str, _DATA]
OptionalDataOption = Annotated[str | None, _DATA]
FormatOption = Annotated[
    str | None,
    typer.Option(
        "--format",
        help="Read DATA as one format instead of detecting which it is: market1501, dukemtmc, msmt17, cuhk03-np, "
        "cuhk03, cuhk03-labeled, cuhk03-detected, viper, prid2011, cuhk01, ilids, 3dpes, shinpuhkan, folders, csv or "
        "images (any images, of nobody known).",
    ),
]
SplitOption = Annotated[
    int,
    typer.Option("--split", min=0, help="Which random split, where people are divided at random (VIPeR and so on)."),
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
MasksOption = Annotated[
    str | None,
    typer.Option(
        "--masks",
        help='Masks: "fcn", SEGMENTER.safetensors, "dataset", "none" or a folder. '
        "[default: what the model was trained with]",
        show_default=False,
    ),
]
DeviceOption = Annotated[
    str | None, typer.Option("--device", help="cpu or cuda. [default: cuda where there is one]", show_default=False)
]
SubsetsOption = Annotated[
    str | None,
    typer.Option("--subsets", help="Which of train, val, query, gallery, multi_query, by commas. [default: all]"),
]
BackendOption = Annotated[
    str | None,
    typer.Option(
        "--backend",
        help="torch, onnx or openvino; features differ by rounding only. [default: torch; from 5,000 images on "
        "openvino, where it is installed and the processor multiplies bfloat16]",
        show_default=False,
    ),
]


def _known_precision(precision: str | None) -> str | None:
    """Refuse another precision before any image is read."""
    if precision not in (None, "float32", "bfloat16"):
        raise MaskreidError(f"precision must be float32 or bfloat16, got {precision!r}")
    return precision


FastPrecisionOption = Annotated[
    str | None,
    typer.Option(
        "--precision",
        callback=_known_precision,
        help="float32 or bfloat16. [default: bfloat16 where it is faster]",
        show_default=False,
    ),
]
PrecisionOption = Annotated[
    str | None,
    typer.Option(
        "--precision",
        callback=_known_precision,
        help="float32, or bfloat16 for speed where the processor has it. [default: float32]",
        show_default=False,
    ),
]
WithoutOption = Annotated[
    str | None,
    typer.Option(
        "--without", metavar="IDS", help="Identities to leave out, by commas: people with two numbers, for example."
    ),
]
CacheOption = Annotated[
    Path | None,
    typer.Option("--cache", help="Where packed images are kept. [default: $MASKREID_CACHE or ~/.cache/maskreid]"),
]


def open_data(data: str, format_: str | None = None, split: int = 0, *, anything: bool = False) -> Dataset:
    """Return the dataset that a DATA argument names; with ``anything``, also one of images without a layout."""
    from maskreid.images import open_dataset, synthetic_world

    if data == SYNTHETIC and format_ is None:
        if split:
            raise MaskreidError(f"--split is {split}; the synthetic world has one split only, number 0")
        return synthetic_world()
    return open_dataset(data, format_, split=split, anything=anything)


def tell_ignored(data: str, ignored: Mapping[str, int]) -> None:
    """Say how many files of ``data`` were passed over, by reason, where that may be a surprise."""
    from maskreid.images.layout import UNSURPRISING

    counted = [f"{why}: {count:,}" for why, count in ignored.items() if not why.startswith(UNSURPRISING)]
    if counted:
        print(f"maskreid: {data}: files passed over: {'; '.join(counted)}", file=sys.stderr, flush=True)


def open_together(data: list[str], format_: str | None = None, split: int = 0) -> Dataset:
    """Return one dataset as `open_data` does, or the training images of several as one dataset."""
    from maskreid.images import join_datasets

    return join_datasets(open_each(data, format_, split))


def open_each(data: list[str], format_: str | None = None, split: int = 0) -> list[Dataset]:
    """Return datasets as `open_data` does; of several, ``split`` is for those whose people are parted at random."""
    if len(data) == 1:
        return [open_data(data[0], format_, split)]
    if format_:
        raise MaskreidError(f"--format {format_} goes with one --data, got {len(data)}; leave it out")
    datasets = [open_data(each) for each in data]
    drawn = [dataset.split is not None for dataset in datasets]
    if split and not any(drawn):
        raise MaskreidError(f"--split is {split}, but none of {', '.join(data)} has random splits; leave it out")
    return [
        open_data(name, split=split) if again and split else dataset
        for name, dataset, again in zip(data, datasets, drawn, strict=True)
    ]


def check_png(out: Path) -> None:
    """Refuse an ``--out`` that no PNG file can be written to."""
    from maskreid.files import check_file

    if out.suffix.lower() != ".png":
        raise MaskreidError(f"--out: expected a name that ends in .png, got {out}")
    check_file(out)


def refuse_surplus(given: Mapping[str, object], why: str) -> None:
    """Refuse options that would be ignored.

    Args:
        given: values of options by their names; one that was not given is None.
        why: they have no use here.

    Raises:
        MaskreidError: one was given.
    """
    surplus = [name for name, value in given.items() if value is not None]
    if surplus:
        raise MaskreidError(f"{why}: leave out {', '.join(surplus)}")


def device_of(device: str | None) -> str:
    """Return the device that was asked for, or the best there is."""
    from maskreid.network import pick_device

    return pick_device(device)


def left_out(without: str | None) -> set[int]:
    """Return the identities in ``--without``; none where it is not given."""
    try:
        return {int(each) for each in without.split(",")} if without else set()
    except ValueError:
        raise MaskreidError(f"--without: expected identities as numbers with commas, got {without!r}") from None


def subsets_of(subsets: str | None) -> tuple[str, ...]:
    """Return the names in ``--subsets``; none where it is not given."""
    return tuple(name.strip() for name in subsets.split(",")) if subsets else ()
