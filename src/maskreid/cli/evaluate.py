"""``maskreid evaluate``: a model and a dataset in, the field's numbers out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from maskreid.cli.common import CacheOption, DataOption, FormatOption, SplitOption, open_data


def evaluate(
    model: Annotated[
        str, typer.Argument(help="A shipped model's name, a run folder or a model file.", show_default=False)
    ],
    data: DataOption,
    multi_query: Annotated[
        bool, typer.Option("--multi-query", help="Also search with all boxes of a query pooled (gt_bbox).")
    ] = False,
    rerank: Annotated[bool, typer.Option("--rerank", help="Also re-rank (k1=20, k2=6, lambda=0.3).")] = False,
    out: Annotated[Path | None, typer.Option("--out", help="Also write metrics.json, report.html, features.")] = None,
    masks: Annotated[
        str | None,
        typer.Option(help='Masks: "fcn", "dataset", "none" or a folder. [default: what the model was trained with]'),
    ] = None,
    precision: Annotated[str, typer.Option(help="float32, or bfloat16 for speed.")] = "float32",
    device: Annotated[str | None, typer.Option(help="cpu or cuda. [default: cuda where there is one]")] = None,
    format: FormatOption = None,
    split: SplitOption = 0,
    cache: CacheOption = None,
) -> None:
    """Evaluate MODEL on DATA's query and gallery: Rank-k, mAP by both definitions, mINP."""
    import torch

    from maskreid import progress
    from maskreid.network import load_model
    from maskreid.reports import metrics_table, report_on
    from maskreid.training import evaluate_model

    loaded = load_model(model, device or ("cuda" if torch.cuda.is_available() else "cpu"))
    dataset = open_data(data, format, split)
    evaluation = evaluate_model(
        loaded,
        dataset,
        multi_query=multi_query,
        reranking=rerank,
        masks=masks,
        cache=cache,
        precision=precision,
        progress=progress.terminal,
    )
    print(metrics_table(evaluation.metrics))
    for name, metrics in evaluation.metrics.items():
        if metrics.skipped:
            print(f"{name}: {len(metrics.skipped)} queries skipped, without a correct match in the gallery")
    if out:
        report_on(loaded, dataset, evaluation, out, title=f"{model} on {dataset.name}")
        print(f"written: {out / 'metrics.json'}, {out / 'report.html'}, {out / 'query.npz'}, {out / 'gallery.npz'}")
