"""``maskreid mix``: a model that knows new cameras and has not forgotten the old ones."""

from __future__ import annotations

from typing import Annotated

import typer

from maskreid.cli.common import ModelArgument, NewModelOption


def mix(
    trained: ModelArgument,
    start: Annotated[
        str, typer.Argument(help="The model that TRAINED started from: its recipe's init.", show_default=False)
    ],
    out: NewModelOption,
    share: Annotated[
        float, typer.Option(metavar="0...1", help="How much of TRAINED is in MODEL2; the rest is START's.")
    ] = 0.5,
) -> None:
    """Mix the weights of TRAINED and START, and write the result as MODEL2.

    A model that is trained on other cameras forgets those of before; half-way back it knows most of both.
    MODEL2 is as fast as TRAINED; it has no probabilities before maskreid calibrate, and a gallery enrolled with
    TRAINED or START is no gallery of MODEL2.
    """
    from maskreid.network import check_free, load_model, save_model
    from maskreid.training import mix_models

    weights, _ = check_free(out)
    model = mix_models(load_model(trained), load_model(start), share)
    save_model(out, model.network, model.card)
    print(f"{share:g} of {trained}, {1 - share:g} of {start}")
    print(f"written: {weights}")
