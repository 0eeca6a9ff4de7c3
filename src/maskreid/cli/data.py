"""``maskreid data``: look at a dataset before trusting it."""

from __future__ import annotations

import typer

from maskreid.cli.common import DataArgument, FormatOption, SplitOption, open_data

app = typer.Typer(no_args_is_help=True, help="Look at a dataset before trusting it.")


@app.callback()
def _group() -> None:
    """Keep `check` a sub-command although it is the only one."""


@app.command()
def check(data: DataArgument, format: FormatOption = None, split: SplitOption = 0) -> None:
    """Print subset, ids, images and cameras, then what is wrong with DATA. Exits with 1 if there are errors."""
    from maskreid import progress
    from maskreid.images import check_dataset

    report = check_dataset(open_data(data, format, split), progress=progress.terminal)
    print(report)
    if not report.ok:
        raise typer.Exit(1)
