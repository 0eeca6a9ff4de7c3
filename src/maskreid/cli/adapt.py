"""``maskreid adapt``: a model for your own cameras, from images that nobody labelled."""

from __future__ import annotations

from typing import Annotated

import typer

from maskreid.cli.common import (
    CacheOption,
    DataOption,
    DeviceOption,
    FormatOption,
    ModelArgument,
    NewModelOption,
    SplitOption,
    device_of,
    open_data,
    tell_ignored,
)


def adapt(
    model: ModelArgument,
    data: DataOption,
    out: NewModelOption,
    masks: Annotated[
        str | None,
        typer.Option(
            help='Masks of DATA, and later of what MODEL2 sees: "fcn", SEGMENTER.safetensors, "dataset" or a folder. '
            "[default: what MODEL was trained with]",
            show_default=False,
        ),
    ] = None,
    device: DeviceOption = None,
    format: FormatOption = None,
    split: SplitOption = 0,
    cache: CacheOption = None,
) -> None:
    """Fit MODEL to the cameras of DATA, whose images need no labels, and write the result as MODEL2.

    No training: the feature is centred and whitened for these images, the training ones where DATA has splits. 50
    images are the least, some hundred of each camera are better. MODEL2 is as fast as MODEL; it has no probabilities
    before maskreid calibrate, and a gallery enrolled with MODEL is no gallery of MODEL2.
    """

    from maskreid import progress
    from maskreid.network import check_free, load_model, save_model
    from maskreid.training import adapt_model

    weights, _ = check_free(out)
    dataset = open_data(data, format, split, anything=True)
    loaded = load_model(model, device_of(device))
    adapted = adapt_model(loaded, dataset, masks=masks, cache=cache, progress=progress.terminal)
    save_model(out, adapted.network, adapted.card)
    entry = adapted.card["training"]["adapted"][-1]
    tell_ignored(data, dataset.ignored)
    print(f"adapted to {entry['data']}: {entry['images']:,} images of {entry['cameras']} camera(s)")
    print(f"written: {weights}")
