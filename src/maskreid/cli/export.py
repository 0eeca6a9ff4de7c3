"""``maskreid export``: a model for programs that know nothing of maskreid."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from maskreid.cli.common import SYNTHETIC, ModelArgument, open_data
from maskreid.errors import MaskreidError


def export(
    model: ModelArgument,
    format: Annotated[str, typer.Option("--format", help="onnx, the only one.")] = "onnx",
    out: Annotated[
        Path | None, typer.Option("--out", help="The file to write. [default: MODEL.onnx here]", show_default=False)
    ] = None,
    data: Annotated[
        str, typer.Option("--data", metavar="DATA", help="Images on which it must agree with PyTorch.")
    ] = SYNTHETIC,
    count: Annotated[int, typer.Option(min=1, help="How many of them.")] = 128,
) -> None:
    """Write MODEL, its preprocessing and its segmenter as one ONNX file: images at their own size in, features out.

    Nothing is written unless ONNX Runtime gives PyTorch's features, in batches of 1 and of 64. The card is in the
    file's metadata.
    """
    if format != "onnx":
        raise MaskreidError(f"--format {format}: a model is exported as onnx only")
    from maskreid import progress
    from maskreid.embedding import export_onnx
    from maskreid.files import check_file
    from maskreid.network import load_model

    file = out or Path(f"{Path(model).name.removesuffix('.safetensors') or 'model'}.onnx")
    if file.suffix != ".onnx":  # such as a model's own card
        raise MaskreidError(f"--out {file}: expected a name that ends in .onnx")
    check_file(file)
    parity = export_onnx(
        load_model(model), file, open_data(data, anything=True), count=count, progress=progress.terminal
    )
    print(f"{parity}\nwrote {file}, {file.stat().st_size / 1e6:.1f} MB")
