"""``maskreid reproduce``: a table of the paper, ours beside the published."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from maskreid.cli.common import CacheOption, DeviceOption
from maskreid.errors import MaskreidError


def reproduce(
    table: Annotated[
        str,
        typer.Argument(
            metavar="TABLE",
            help="table1 (small datasets), table2 (Market-1501), table3 (DukeMTMC-reID), table4 (network parts), "
            "table5 (losses), table6 (lambda and alpha); or rows of one: table6:1/0.2, table5:ranking,circle. Beside "
            "the paper's, Table 5 has the rows full-ranking, contrastive, quadruplet, oim and circle.",
            show_default=False,
        ),
    ],
    data: Annotated[
        list[str],
        typer.Option(
            "--data",
            metavar="DATA",
            help="A dataset at hand; give every one. The small ones and Market-1501 are learned from together first.",
            show_default=False,
        ),
    ],
    out: Annotated[Path, typer.Option("--out", help="Where runs, tests and tables are kept, for all tables.")] = Path(
        "runs/reproduce"
    ),
    budget: Annotated[
        str, typer.Option(help="cpu (an afternoon) or gpu (DGD's schedules, from which the paper started).")
    ] = "cpu",
    seeds: Annotated[
        int, typer.Option(metavar="N", min=1, help="Train everything N times at least, from seed 0 on.")
    ] = 1,
    device: DeviceOption = None,
    cache: CacheOption = None,
) -> None:
    """Run what TABLE needs and print it: published numbers, and ours as mean and spread over the seeds.

    What is finished is not run again, and what was cut off continues. Rows may be run side by side: what one process
    trains, another waits for. After each row, OUT/BUDGET/ holds TABLE.md and TABLE.json, and as pictures TABLE.svg
    and TABLE-similarities.svg (of up to eight rows).
    """
    from maskreid import experiments, progress

    if budget not in experiments.BUDGETS:
        raise MaskreidError(f"no budget {budget!r}; expected {' or '.join(experiments.BUDGETS)}")
    chosen = experiments.BUDGETS[budget]
    print(
        experiments.reproduce(
            table, data, out, chosen, seeds=seeds, cache=cache, device=device, progress=progress.terminal
        )
    )
