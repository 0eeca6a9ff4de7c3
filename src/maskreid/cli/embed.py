"""``maskreid embed``: masks and features of any images, by whatever computes them fastest here."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from maskreid.cli.common import (
    BackendOption,
    DataOption,
    DeviceOption,
    FastPrecisionOption,
    FormatOption,
    MasksOption,
    ModelArgument,
    SplitOption,
    SubsetsOption,
    device_of,
    open_data,
    subsets_of,
    tell_ignored,
)


def embed(
    model: ModelArgument,
    data: DataOption,
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE", help="Write here: .npz or .safetensors.", show_default=False)
    ],
    subsets: SubsetsOption = None,
    with_masks: Annotated[
        bool, typer.Option("--with-masks", help="Also write the masks, as the network sees them.")
    ] = False,
    masks: MasksOption = None,
    backend: BackendOption = None,
    precision: FastPrecisionOption = None,
    device: DeviceOption = None,
    format: FormatOption = None,
    split: SplitOption = 0,
) -> None:
    """Embed any images: DATA's features, and masks if asked for, in one FILE.

    maskreid evaluate --features FILE judges it, where DATA has queries and a gallery. Backends differ by rounding
    only (docs/performance.md). An image that cannot be read ends the command. The same command continues after that,
    and after a kill; FILE is there when it is whole.
    """

    from maskreid import progress
    from maskreid.embedding import Embedder, embed_dataset
    from maskreid.network import load_model

    dataset = open_data(data, format, split, anything=True)
    loaded = load_model(model, device_of(device))
    chosen = subsets_of(subsets)
    images = sum(len(dataset.splits.get(name, ())) for name in chosen or dataset.splits)
    embedder = Embedder(loaded, masks=masks, backend=backend, precision=precision, images=images)
    print(f"backend: {embedder}", flush=True)
    counts = embed_dataset(
        embedder,
        dataset,
        out,
        splits=chosen,
        masks=with_masks,
        progress=progress.terminal,
    )
    tell_ignored(data, dataset.ignored)
    print(f"wrote {out}: {', '.join(f'{count:,} {name}' for name, count in counts.items())}")
