"""``maskreid train``: a recipe and a dataset in, a run folder with a model out."""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from maskreid.cli.common import CacheOption, DeviceOption, FormatOption, SplitOption, open_each

if TYPE_CHECKING:
    from maskreid.images import Dataset


def train(
    recipe: Annotated[
        Path, typer.Argument(help="A recipe, such as recipes/market1501-compact.toml.", show_default=False)
    ],
    data: Annotated[
        list[str],
        typer.Option(
            "--data",
            metavar="DATA",
            help='The dataset: its folder, the folder above it, its zip as downloaded, a CSV, or "synthetic". '
            "Given several times, the training images of all are learned from together.",
            show_default=False,
        ),
    ],
    out: Annotated[Path, typer.Option("--out", help="The run folder, new or to be continued.", show_default=False)],
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Override a key, such as schedule.iterations=300."),
    ] = None,
    format: FormatOption = None,
    split: SplitOption = 0,
    device: DeviceOption = None,
    cache: CacheOption = None,
    profile: Annotated[
        bool,
        typer.Option(
            "--profile",
            help="Also time the stages of 20 steps; when the run is over, print them and write RUN/profile.json.",
        ),
    ] = False,
) -> None:
    """Train RECIPE on DATA, validating on identities held out of training.

    Killed at any moment, the same command continues where it stopped. RUN/model.safetensors and RUN/model.json are
    the trained model; RUN/log.jsonl and RUN/tensorboard hold the curves.

    On several GPUs or machines: torchrun --nproc-per-node 2 -m maskreid.cli.main train RECIPE ...
    """
    from maskreid import progress, training
    from maskreid.files import check_folder
    from maskreid.images import join_datasets

    check_folder(out)
    loaded = training.Recipe.load(recipe, set_ or [])
    datasets = open_each(data, format, split)
    joined = join_datasets(datasets)
    model = training.train(
        loaded, joined, out, cache=cache, device=device, profile=profile, progress=progress.terminal
    )
    if int(os.environ.get("RANK", "0")):  # under torchrun the first process speaks for all
        return
    numbers = out / "profile.json"
    if profile and numbers.exists():
        print(training.profile_table(json.loads(numbers.read_text(encoding="utf-8"))))
    print(f"trained {loaded.name}: {out / 'model.safetensors'}")
    held_out = model.card["metrics"].get("held_out_identities")
    if held_out:
        print(f"held-out identities: Rank-1 {held_out['rank1']:.2f}  mAP {held_out['map']:.2f}")
    for name, dataset in zip(data, datasets, strict=True):
        options = _test_options(dataset, format)
        print(f"test it: maskreid evaluate {shlex.quote(str(out / 'model'))} --data {shlex.quote(name)}{options}")


def _test_options(dataset: Dataset, format_: str | None) -> str:
    """Return with what a model is tested on a dataset that it was trained on."""
    options = (f" --format {format_}" if format_ else "") + (f" --split {dataset.split}" if dataset.split else "")
    if not (dataset.splits.get("query") and dataset.splits.get("gallery")):
        options += " --protocol all-vs-all"  # there is nobody else to search for
    return options
