"""The ``maskreid`` command: parses, calls one function a verb, prints. Heavy imports wait until a verb needs them."""

from __future__ import annotations

import os
import re
import sys
from io import TextIOWrapper
from typing import Annotated

import typer

from maskreid import __version__, progress
from maskreid.cli import (
    adapt,
    calibrate,
    compare,
    data,
    demo,
    embed,
    evaluate,
    export,
    gallery,
    masks,
    mix,
    models,
    ranks,
    report,
    reproduce,
    serve,
    train,
)
from maskreid.cli.blas import use_avx512_products
from maskreid.cli.memory import keep_freed_memory
from maskreid.errors import MaskreidError
from maskreid.files import one_line

INTERRUPTED = 130  # the exit status that Typer makes of Ctrl-C

app = typer.Typer(
    name="maskreid",
    help="Find a person in images from other cameras: train, evaluate and look at the answers.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",  # "rich" would take [default: ...] for a style and swallow it
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("demo")(demo.demo)
app.add_typer(data.app, name="data")
app.add_typer(masks.app, name="masks")
app.command("train")(train.train)
app.command("evaluate")(evaluate.evaluate)
app.add_typer(gallery.app, name="gallery")
app.command("serve")(serve.serve)
app.command("calibrate")(calibrate.calibrate)
app.command("adapt")(adapt.adapt)
app.command("mix")(mix.mix)
app.command("compare")(compare.compare)
app.command("report")(report.report)
app.command("ranks")(ranks.ranks)
app.command("models")(models.models)
app.command("embed")(embed.embed)
app.command("export")(export.export)
app.command("reproduce")(reproduce.reproduce)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"maskreid {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Find a person in images from other cameras: train, evaluate and look at the answers."""


def main() -> None:
    """Run the command line; an error that a person can put right is one line and exit status 2."""
    use_avx512_products()
    keep_freed_memory()
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # names of files need not be UTF-8
    try:
        _refuse_empty(sys.argv[1:])
        app()
    except MaskreidError as error:
        progress.end_line()
        # At once: several processes may say theirs to one terminal.
        sys.stderr.write(f"maskreid: {one_line(str(error))}\n")
        sys.exit(2)
    except OSError as error:  # of a place that the machine does not let us read, or a full disk
        progress.end_line()
        where = "" if error.filename is None else f"{os.fsdecode(error.filename)}: "
        sys.stderr.write(f"maskreid: {one_line(where)}{error.strerror or error}\n")
        sys.exit(2)
    except _out_of_memory() as error:
        progress.end_line()
        reason = next(iter(str(error).splitlines()), "")
        sys.stderr.write(f"maskreid: out of memory ({reason}); take smaller batches or fewer images at once\n")
        sys.exit(2)
    except SystemExit as end:
        if end.code == INTERRUPTED:
            progress.end_line()
            sys.stderr.write("maskreid: stopped; run it again to go on\n")
        raise


def _refuse_empty(arguments: list[str]) -> None:
    """Refuse what a shell makes of a variable that is not set: a path of no letters would be the current folder."""
    for number, argument in enumerate(arguments):
        if not argument or re.fullmatch(r"--[a-z0-9-]+=", argument):
            after = f" after {arguments[number - 1]}" if number and not argument else ""
            raise MaskreidError(
                f"argument {number + 1}{after} is empty: {argument or repr(argument)}; is a variable not set?"
            )


def _out_of_memory() -> tuple[type[BaseException], ...]:
    torch = sys.modules.get("torch")  # which most verbs do without
    return (MemoryError, torch.OutOfMemoryError) if torch else (MemoryError,)


if __name__ == "__main__":
    main()
