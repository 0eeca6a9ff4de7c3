"""``maskreid compare``: is one model better than another, or only luckier?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from maskreid.cli.common import (
    CacheOption,
    DeviceOption,
    FormatOption,
    OptionalDataOption,
    PrecisionOption,
    ProtocolOption,
    SplitOption,
    device_of,
    open_data,
    refuse_surplus,
)
from maskreid.errors import MaskreidError

if TYPE_CHECKING:
    from maskreid.retrieval import Judgement, NamedProtocol

RUN = "A shipped model's name, a run folder or a model file; or features: a file, or what evaluate --out wrote."


def compare(
    run_a: Annotated[str, typer.Argument(metavar="RUN_A", help=RUN, show_default=False)],
    run_b: Annotated[str, typer.Argument(metavar="RUN_B", help="The same, of the other model.", show_default=False)],
    data: OptionalDataOption = None,
    protocol: ProtocolOption = "market1501",
    precision: PrecisionOption = None,
    device: DeviceOption = None,
    format: FormatOption = None,
    split: SplitOption = 0,
    cache: CacheOption = None,
) -> None:
    """Compare two models on the same queries: difference, its 95 % interval and p-value for every score.

    Interval: bootstrap over queries, paired. p: sign-flip permutation test, two-sided. A folder with query.npz and
    gallery.npz is read as features and needs no DATA; a model is evaluated on DATA first.
    """
    from maskreid.reports import comparison_table
    from maskreid.retrieval import check_same_test, holds_features, judge, named_protocol, read_features
    from maskreid.retrieval import compare as compare_metrics

    chosen = named_protocol(protocol)
    if holds_features(run_a) and holds_features(run_b):
        images = {"--data": data, "--format": format, "--split": split or None, "--cache": cache}
        given = {**images, "--precision": precision, "--device": device}
        refuse_surplus(given, f"{run_a} and {run_b} hold features, which need no images and no model")
    elif data is None:
        models = [run for run in (run_a, run_b) if not holds_features(run)]
        if models:
            raise MaskreidError(
                f"{models[0]}: holds no features (query.npz and gallery.npz), so it is taken for a model, "
                "and a model needs --data DATA"
            )

    def judged(run: str) -> Judgement:
        if holds_features(run):
            read = read_features(run)
            return judge(read.query, read.gallery, read.boxes, protocol=chosen)
        return _evaluate(run, str(data), chosen, precision, device, format, split, cache)

    a, b = judged(run_a), judged(run_b)
    check_same_test(a, b)
    differences = compare_metrics(a.main, b.main)
    print(f"A: {run_a}\nB: {run_b}\n{chosen.heading}, {len(a.main.per_query()['map']):,} queries")
    print(comparison_table(differences))


def _evaluate(
    run: str,
    data: str,
    protocol: NamedProtocol,
    precision: str | None,
    device: str | None,
    format_: str | None,
    split: int,
    cache: Path | None,
) -> Judgement:

    from maskreid import progress
    from maskreid.network import load_model
    from maskreid.training import evaluate_model

    model = load_model(run, device_of(device))
    return evaluate_model(
        model,
        open_data(data, format_, split),
        protocol=protocol,
        cache=cache,
        precision=precision or "float32",
        progress=progress.terminal,
    ).judgement
