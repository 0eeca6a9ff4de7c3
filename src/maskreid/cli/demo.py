"""``maskreid demo``: the main job, from nothing to a page of answers."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

from maskreid.cli.common import SYNTHETIC, FormatOption, SplitOption, open_data


def demo(
    data: Annotated[
        str, typer.Option("--data", metavar="DATA", help="Real data instead of the generated world.")
    ] = SYNTHETIC,
    out: Annotated[Path, typer.Option("--out", help="Folder for the model, the numbers and the report.")] = Path(
        "maskreid-demo"
    ),
    seed: Annotated[int, typer.Option(help="Of the training.")] = 0,
    format: FormatOption = None,
    split: SplitOption = 0,
) -> None:
    """Train a compact MaskReID, search with it, re-rank, and write one page that shows the answers.

    Without --data the people are synthetic: a generated world of several cameras with exact masks. Takes a few
    minutes on two cores. The gallery that an earlier demo left in OUT/gallery is replaced where the model is another;
    anything else there is refused.
    """
    from maskreid import progress
    from maskreid.demo import demo_gallery, earlier_gallery, run_demo
    from maskreid.reports import metrics_table

    earlier_gallery(out)  # refused now, not after minutes of training
    dataset = open_data(data, format, split)
    evaluation = run_demo(dataset, out, seed=seed, progress=progress.terminal)
    print(metrics_table(evaluation.metrics))
    gallery = demo_gallery(dataset, out, progress=progress.terminal)
    print(f"look at the answers: {out / 'report.html'}")
    if gallery:
        shown = "" if format or split else f" --run {out} --data {data}"
        # `make demo` runs it from an environment that is not active.
        program = "maskreid" if shutil.which("maskreid") else sys.argv[0]
        print(f"search yourself: {program} serve {gallery}{shown}")
