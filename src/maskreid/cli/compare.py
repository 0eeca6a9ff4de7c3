"""``maskreid compare``: is one model better than another, or only luckier?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from maskreid.cli.common import (
    CacheOption,
    DeviceOption,
    FormatOption,
    PrecisionOption,
    ProtocolOption,
    SplitOption,
    WithoutOption,
    device_of,
    left_out,
    open_together,
    refuse_surplus,
)
from maskreid.errors import MaskreidError

if TYPE_CHECKING:
    from maskreid.images import Dataset
    from maskreid.network import Model
    from maskreid.retrieval import Judgement, NamedProtocol

RUN = "A shipped model's name, a run folder or a model file; or features: a file, or what evaluate --out wrote."


def compare(
    run_a: Annotated[str, typer.Argument(metavar="RUN_A", help=RUN, show_default=False)],
    run_b: Annotated[str, typer.Argument(metavar="RUN_B", help="The same, of the other model.", show_default=False)],
    data: Annotated[
        list[str] | None,
        typer.Option(
            "--data",
            metavar="DATA",
            help='The dataset: its folder, the folder above it, its zip as downloaded, a CSV, or "synthetic". With '
            "--held-out it may be repeated, as for maskreid train.",
            show_default=False,
        ),
    ] = None,
    held_out: Annotated[
        bool,
        typer.Option(
            "--held-out",
            help="Choose without the test: search for the people held out of both trainings, with every image of "
            "theirs, among all training images. Intervals and p then draw people, each with all queries.",
        ),
    ] = False,
    without: WithoutOption = None,
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
    models = [run for run in (run_a, run_b) if not holds_features(run)]
    for run in models:
        if Path(run).suffix.lower() in (".npz", ".mat") and not Path(run).exists():
            raise MaskreidError(f"{run}: no such file of features")
    if held_out:
        _check_held_out([run for run in (run_a, run_b) if run not in models], chosen)
    else:
        refuse_surplus({"--without": without}, "only --held-out leaves people out")
        if data and len(data) > 1:
            raise MaskreidError(f"expected one --data, got {len(data)}: only --held-out takes several")
    if not models:
        images = {"--data": data or None, "--format": format, "--split": split or None, "--cache": cache}
        given = {**images, "--precision": precision, "--device": device}
        refuse_surplus(given, f"{run_a} and {run_b} hold features, which need no images and no model")
    elif not data:
        raise MaskreidError(
            f"{models[0]}: holds no features (query.npz and gallery.npz), so it is taken for a model, "
            "and a model needs --data DATA"
        )
    tested = {}
    if data:
        dataset = open_together(data, format, split)
        omitted = left_out(without) if held_out else None
        tested = _tested(models, dataset, chosen, omitted, precision or "float32", device, cache)

    def judged(run: str) -> Judgement:
        if run in tested:
            return tested[run]
        read = read_features(run)
        return judge(read.query, read.gallery, read.boxes, protocol=chosen)

    a, b = judged(run_a), judged(run_b)
    check_same_test(a, b)
    people = a.query.identities if held_out else None
    differences = compare_metrics(a.main, b.main, people=people)
    queries = f"{len(a.main.per_query()['map']):,} queries"
    if people is not None:
        asked = len(set(people[a.main.queries].tolist()))
        queries += f" of {asked:,} people whom neither learned, among {len(a.gallery):,} images"
    print(f"A: {run_a}\nB: {run_b}\n{chosen.heading}, {queries}")
    print(comparison_table(differences))


def _check_held_out(with_features: Sequence[str], protocol: NamedProtocol) -> None:
    """Refuse what --held-out cannot be asked of."""
    from maskreid.retrieval.named_protocols import SINGLE_QUERY

    if with_features:
        run = with_features[0]
        there = f": name its model, {run}/model" if Path(run, "model.safetensors").is_file() else ""
        raise MaskreidError(f"{run} holds features of its own test; --held-out makes another, of models{there}")
    if protocol is not SINGLE_QUERY:
        raise MaskreidError(f"--held-out is a test of its own: leave out --protocol {protocol.name}")


def _tested(
    runs: Sequence[str],
    dataset: Dataset,
    protocol: NamedProtocol,
    omitted: set[int] | None,
    precision: str,
    device: str | None,
    cache: Path | None,
) -> dict[str, Judgement]:
    """Evaluate each model, by its name: on the dataset's test, or on held-out people without those ``omitted``."""
    from maskreid import progress
    from maskreid.network import load_model
    from maskreid.retrieval import judge
    from maskreid.training import evaluate_model, held_out_features, held_out_test
    from maskreid.training.evaluation import product_device

    models = {run: load_model(run, device_of(device)) for run in runs}
    test = None if omitted is None else held_out_test(list(models.values()), dataset, without=omitted)

    def judged(model: Model) -> Judgement:
        if test is None:
            return evaluate_model(
                model, dataset, protocol=protocol, cache=cache, precision=precision, progress=progress.terminal
            ).judgement
        query, gallery = held_out_features(model, test, cache=cache, precision=precision, progress=progress.terminal)
        return judge(query, gallery, protocol=protocol, device=product_device(model))

    return {run: judged(model) for run, model in models.items()}
