"""``maskreid masks``: make, check, look at and learn masks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from maskreid.cli.common import DataArgument, FormatOption, SplitOption, check_png, open_data
from maskreid.errors import MaskreidError

if TYPE_CHECKING:
    from maskreid.images import MaskSource

app = typer.Typer(no_args_is_help=True, help="Where the person is: make, check, look at and learn masks.")

MasksOption = Annotated[
    str,
    typer.Option(
        "--masks",
        help='"fcn" (the shipped segmenter), SEGMENTER.safetensors, "dataset" (they came with DATA) or a folder.',
    ),
]


@app.command()
def make(
    data: DataArgument,
    out: Annotated[Path, typer.Option("--out", help="Folder for the masks.", show_default=False)],
    masks: MasksOption = "fcn",
    format: FormatOption = None,
    split: SplitOption = 0,
) -> None:
    """Write a mask for every image of DATA: OUT/FOLDER/STEM.png, 255 on the person.

    Masks that exist are left alone, so the same command after a kill does what is missing. Train on them with
    --set data.masks=OUT, or hand the folder to anybody's tool.
    """
    from maskreid import progress
    from maskreid.masks import make_masks

    written = make_masks(
        open_data(data, format, split, anything=True), out, _mask_source(masks), progress=progress.terminal
    )
    print(f"wrote {written} masks to {out}")


@app.command()
def check(
    data: DataArgument, masks: MasksOption = "fcn", format: FormatOption = None, split: SplitOption = 0
) -> None:
    """Print how much of its image each mask covers, and what is mismatched or missing. Exits with 1 on errors."""
    from maskreid import progress
    from maskreid.masks import check_masks

    dataset = open_data(data, format, split, anything=True)
    report = check_masks(dataset.source, dataset.images(), _mask_source(masks), progress=progress.terminal)
    print(report)
    if not report.ok:
        raise typer.Exit(1)


@app.command()
def preview(
    data: DataArgument,
    out: Annotated[Path, typer.Option("--out", metavar="PNG", help="The picture to write.")] = Path("masks.png"),
    masks: MasksOption = "fcn",
    count: Annotated[int, typer.Option(min=1, help="How many images.")] = 48,
    seed: Annotated[int, typer.Option(min=0, help="Which images.")] = 0,
    format: FormatOption = None,
    split: SplitOption = 0,
) -> None:
    """Draw a contact sheet: image, mask over the image, masked image."""
    import io

    import numpy as np

    from maskreid.files import write_out
    from maskreid.images import fitting_masks, read_image
    from maskreid.reports import mask_sheet

    check_png(out)
    dataset = open_data(data, format, split, anything=True)
    images = dataset.images()
    chosen = np.random.default_rng(seed).permutation(len(images))[:count]
    picked = [images[i] for i in sorted(chosen)]
    pixels = [read_image(dataset.source, image.path) for image in picked]
    found = fitting_masks(dataset.source, picked, pixels, _mask_source(masks))
    buffer = io.BytesIO()
    mask_sheet(pixels, found).save(buffer, "PNG")
    write_out(out, buffer.getvalue())
    print(f"wrote {out}; it may show real people: do not publish it")


@app.command()
def train(
    data: DataArgument,
    labels: Annotated[Path, typer.Option("--labels", help="Folder or zip of label maps, STEM.png, 0 = background.")],
    out: Annotated[Path, typer.Option("--out", help="Model to write: OUT.safetensors and OUT.json.")],
    format: FormatOption = None,
    split: SplitOption = 0,
) -> None:
    """Train the segmenter on DATA's training images with LABELS, and measure it on identities held out of that."""
    from maskreid import progress
    from maskreid.images import open_source
    from maskreid.masks import learn_segmenter

    quality = learn_segmenter(open_data(data, format, split), open_source(labels), out, progress=progress.terminal)
    for name, value in quality.as_dict().items():
        print(f"{name}: {value:g}")


def _mask_source(name: str) -> MaskSource:
    from maskreid.masks import mask_source

    source = mask_source(name)
    if source is None:
        raise MaskreidError('--masks must be "fcn", a segmenter, "dataset" or a folder here; "none" has no masks')
    return source
