"""``maskreid calibrate``: from similarities to probabilities."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from maskreid.cli.common import (
    CacheOption,
    DeviceOption,
    FormatOption,
    PrecisionOption,
    SplitOption,
    WithoutOption,
    device_of,
    left_out,
    open_together,
)
from maskreid.errors import MaskreidError


def calibrate(
    model: Annotated[
        str,
        typer.Argument(help="A run folder, a model file, or with --out a shipped model's name.", show_default=False),
    ],
    data: Annotated[
        list[str],
        typer.Option(
            "--data",
            metavar="DATA",
            help="Labelled images: what the model was trained on (the people held out are asked for), or others. "
            "May be repeated, as for maskreid train.",
            show_default=False,
        ),
    ],
    without: WithoutOption = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="MODEL2", help="Leave MODEL as it is, as a shipped one must be, and calibrate a copy of it here."
        ),
    ] = None,
    plot: Annotated[Path | None, typer.Option(metavar="SVG", help="Also draw claimed against true shares.")] = None,
    precision: PrecisionOption = None,
    device: DeviceOption = None,
    format: FormatOption = None,
    split: SplitOption = 0,
    cache: CacheOption = None,
) -> None:
    """Fit MODEL's map from similarity to the probability of the same person, and write it into its card.

    With --out the card is a copy's. It is tested on people left out of the fit: ECE is how far claimed probabilities
    are from what came true.
    """

    from maskreid import progress
    from maskreid.files import check_file, write_out
    from maskreid.network import add_to_card, check_free, copy_model, load_model, refuse_shipped
    from maskreid.reports import reliability_diagram, reliability_table
    from maskreid.training import calibrate_model

    omitted = left_out(without)
    loaded = load_model(model, device_of(device))
    if out:
        check_free(out)
    else:
        refuse_shipped(model)
    if plot:
        if plot.suffix != ".svg":  # such as the model's own card
            raise MaskreidError(f"--plot {plot}: expected a name that ends in .svg")
        check_file(plot)
    calibration, tested = calibrate_model(
        loaded,
        open_together(data, format, split),
        without=omitted,
        cache=cache,
        precision=precision or "float32",
        progress=progress.terminal,
    )
    print(reliability_table(tested))
    print(
        f"\nECE {calibration.ece:.3f} on people not fitted to; {calibration.people} people asked for, in galleries "
        f"of up to {calibration.entries:,} images"
    )
    for rate, similarity in calibration.thresholds.items():
        print(f"{100 * float(rate):g} % of the pairs of different people are more alike than {similarity:.4f}")
    entry = calibration.as_card()
    card = copy_model(model, out, calibration=entry) if out else add_to_card(model, "calibration", entry)
    print(f"written: {card}")
    if plot:
        write_out(plot, reliability_diagram({"people not fitted to": tested}).svg())
        print(f"written: {plot}")
