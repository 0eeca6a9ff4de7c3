"""``maskreid ranks``: queries and their first answers as pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from maskreid.cli.common import (
    CacheOption,
    DataOption,
    DeviceOption,
    FormatOption,
    PrecisionOption,
    SplitOption,
    check_png,
    open_data,
    refuse_surplus,
)


def ranks(
    model: Annotated[
        str,
        typer.Argument(
            help="A shipped model's name, a run folder or a model file; or features: a file, or what evaluate --out "
            "wrote.",
            show_default=False,
        ),
    ],
    data: DataOption,
    queries: Annotated[
        list[str],
        typer.Option(
            "--queries",
            metavar="WHICH",
            help="worst:N, random:N, a query's path or file name, an identity or a person's name. May be repeated.",
            show_default=False,
        ),
    ],
    top: Annotated[int, typer.Option(metavar="N", min=1, help="Answers of each query.")] = 10,
    out: Annotated[
        Path, typer.Option("--out", metavar="PNG", help="One page, or with more queries NAME-1.png, NAME-2.png, ...")
    ] = Path("ranks.png"),
    rows: Annotated[int, typer.Option(metavar="N", min=1, help="Queries on a page.")] = 8,
    seed: Annotated[int, typer.Option(min=0, help="Of the random queries.")] = 0,
    protocol: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="As for maskreid evaluate. [default: what features were tested by, else market1501]"
        ),
    ] = None,
    precision: PrecisionOption = None,
    device: DeviceOption = None,
    format: FormatOption = None,
    split: SplitOption = 0,
    cache: CacheOption = None,
) -> None:
    """Draw sheets of rank lists: query, mask, and the gallery's first answers with similarity.

    Right answers have a solid green border and a tick, wrong ones a broken red border and a cross. Where the model is
    calibrated, each also has the probability that it is the person if it were the best answer. Pictures of real
    people are for research only: keep them to yourself.
    """
    from maskreid import progress
    from maskreid.reports import find_queries, open_subject, rank_lists, rank_sheets, write_sheets
    from maskreid.retrieval import holds_features

    check_png(out)
    if holds_features(model):
        given = {"--precision": precision, "--device": device, "--cache": cache}
        refuse_surplus(given, f"{model} holds features, which need no model")
    dataset = open_data(data, format, split)
    subject = open_subject(
        model,
        dataset,
        protocol=protocol,
        examining=False,
        device=device,
        precision=precision or "float32",
        cache=cache,
        progress=progress.terminal,
    )
    assert subject.test
    assert subject.crops
    judged = subject.test.judgement
    chosen = find_queries(judged, queries, names=dataset.identity_names, seed=seed)
    lists = rank_lists(judged, chosen, subject.crops, top=top, calibration=subject.calibration)
    written = write_sheets(rank_sheets(lists, rows), out)
    print(f"written: {', '.join(map(str, written))} ({len(chosen)} queries of {len(judged.query):,})")
