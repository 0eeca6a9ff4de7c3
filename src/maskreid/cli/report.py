"""``maskreid report``: a page and its figures about a run, or about two side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from maskreid.cli.common import (
    CacheOption,
    DeviceOption,
    FormatOption,
    OptionalDataOption,
    PrecisionOption,
    SplitOption,
    open_data,
    refuse_surplus,
)

RUN = (
    "A training run; a folder that evaluate --out wrote, or a file of features; or, with --data, a model file or a "
    "shipped model's name."
)


def report(
    run: Annotated[str, typer.Argument(metavar="RUN", help=RUN, show_default=False)],
    against: Annotated[
        str | None, typer.Option("--against", metavar="RUN2", help="The same, of another: both side by side.")
    ] = None,
    data: OptionalDataOption = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            help="Folder of report.html and figures/. [default: RUN/report, or RUN/report-against-RUN2, with a mark "
            "where RUN2 lies in another folder than RUN]",
        ),
    ] = None,
    protocol: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="As for maskreid evaluate. [default: what RUN was tested by, else market1501]"
        ),
    ] = None,
    worst: Annotated[int, typer.Option(metavar="N", min=0, help="List the N queries with the lowest AP.")] = 10,
    precision: PrecisionOption = None,
    device: DeviceOption = None,
    format: FormatOption = None,
    split: SplitOption = 0,
    cache: CacheOption = None,
) -> None:
    """Write one page about RUN that needs nothing else, and each of its figures as SVG, PNG (300 dpi) and PDF.

    A training run gives its curves. A test gives metrics with 95 % intervals, CMC, similarities with thresholds,
    camera pairs, open set, reliability where the model is calibrated, and the worst queries. With --data also
    pictures of the answers; and a model or a training run that was not tested is tested on it.
    """
    from maskreid import progress
    from maskreid.files import check_folder
    from maskreid.reports import open_subject, short_names, write_report, written_to
    from maskreid.retrieval import holds_features

    out = out or written_to(run, against)
    check_folder(out)
    runs = [run] if against is None else [run, against]
    if data is None:
        refuse_surplus({"--format": format, "--split": split or None}, "without --data no images are read")
    if data is None or all(map(holds_features, runs)):
        given = {"--precision": precision, "--device": device, "--cache": cache}
        refuse_surplus(given, "no model is tested here, only what there is already is shown")
    dataset = open_data(data, format, split) if data else None
    subjects = [
        open_subject(
            each,
            dataset,
            name=name,
            protocol=protocol,
            worst=worst,
            device=device,
            precision=precision or "float32",
            cache=cache,
            progress=progress.terminal,
        )
        for each, name in zip(runs, short_names(runs), strict=True)
    ]
    written = write_report(subjects, " beside ".join(short_names(runs)), out)
    print(f"written: {written[0]}, and {len(written) - 1} files of its figures in {out / 'figures'}")
