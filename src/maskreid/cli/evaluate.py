"""``maskreid evaluate``: a model and a dataset, or anybody's features, in; the field's numbers out."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from maskreid.cli.common import (
    CacheOption,
    FormatOption,
    MasksOption,
    OptionalDataOption,
    OptionalModelArgument,
    PrecisionOption,
    ProtocolOption,
    SplitOption,
    device_of,
    open_data,
    refuse_surplus,
)
from maskreid.errors import MaskreidError

if TYPE_CHECKING:
    from maskreid.reports import Details
    from maskreid.retrieval import Calibration, Judgement, NamedProtocol, Reranking

MOST = 200  # neighbours: time grows with their third power


def evaluate(
    model: OptionalModelArgument = None,
    data: OptionalDataOption = None,
    features: Annotated[
        Path | None,
        typer.Option(
            "--features",
            metavar="FILE",
            help="Judge these features instead of a model's: .npz, .safetensors, .mat (docs/evaluation.md), or a "
            "folder that --out wrote.",
        ),
    ] = None,
    protocol: ProtocolOption = "market1501",
    multi_query: Annotated[
        bool, typer.Option("--multi-query", help="Also search with all boxes of a query pooled (gt_bbox).")
    ] = False,
    rerank: Annotated[bool, typer.Option("--rerank", help="Also re-rank by k-reciprocal neighbours.")] = False,
    k1: Annotated[
        int | None, typer.Option(metavar="N", min=1, max=MOST, help="Re-rank by N mutual neighbours. [default: 20]")
    ] = None,
    k2: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, max=MOST, help="Re-rank by means of N neighbours. [default: 6]"),
    ] = None,
    lambda_: Annotated[
        float | None,
        typer.Option(
            "--lambda",
            metavar="SHARE",
            min=0,
            max=1,
            help="Share of the original distance in the re-ranked one. [default: 0.3]",
        ),
    ] = None,
    probes: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            help="Re-rank with approximate neighbours, for several 100,000 images: look only into the N nearest of "
            "their groups. [default: all]",
        ),
    ] = None,
    per_camera: Annotated[
        bool, typer.Option("--per-camera", help="Also Rank-1 and mAP from each camera to each other.")
    ] = False,
    worst: Annotated[
        int, typer.Option("--worst", metavar="N", min=0, help="Also list the N queries with the lowest AP.")
    ] = 0,
    open_set: Annotated[
        bool,
        typer.Option(
            "--open-set",
            help="Also search with half of the people not enrolled: TPIR at FPIR 1 % and 10 %, and whether the "
            "model's probabilities are true.",
        ),
    ] = False,
    out: Annotated[
        Path | None, typer.Option("--out", help="Also write metrics.json and the features; of a model, report.html.")
    ] = None,
    masks: MasksOption = None,
    flip: Annotated[
        bool | None,
        typer.Option(
            "--flip/--no-flip",
            help="Embed each image with its mirror image, at twice the cost. [default: as the model's card says]",
            show_default=False,
        ),
    ] = None,
    precision: PrecisionOption = None,
    device: Annotated[
        str | None, typer.Option(help="cpu or cuda. [default: cuda where there is one; for --features NumPy]")
    ] = None,
    format: FormatOption = None,
    split: SplitOption = 0,
    cache: CacheOption = None,
) -> None:
    """Evaluate MODEL on DATA, or the features in FILE: Rank-k, mAP by both definitions, mINP, each with its interval.

    Intervals hold 95 % of the scores that other draws of as many queries would give.
    """
    from maskreid.files import check_folder
    from maskreid.retrieval import named_protocol

    chosen = named_protocol(protocol)
    whole = {"--per-camera": per_camera, "--open-set": open_set}
    if any(whole.values()) and chosen.repeats:
        name = next(name for name, wanted in whole.items() if wanted)
        raise MaskreidError(f"{name} needs a gallery that is searched whole; protocol {chosen.name} draws its own")
    reranking = _reranking(rerank, k1=k1, k2=k2, lambda_=lambda_, probes=probes)
    if out:
        check_folder(out)
    if features is not None:
        from maskreid.reports.numbers import is_run

        images = {"--data": data, "--format": format, "--split": split or None, "--masks": masks, "--cache": cache}
        images["--flip"] = flip
        given = {"MODEL": model, **images, "--precision": precision}
        refuse_surplus(given, "--features needs no model and no images")
        if out and is_run(out) and not (features.exists() and out.samefile(features)):
            raise MaskreidError(f"{out}: is a training run, whose test these features are not; name another folder")
        _evaluate_features(features, chosen, multi_query, reranking, per_camera, worst, open_set, out, device)
        return
    if model is None or data is None:
        raise MaskreidError("evaluate needs MODEL and --data DATA, or --features FILE; see maskreid evaluate --help")

    from maskreid import progress
    from maskreid.network import load_model
    from maskreid.reports import refuse_other_run, report_on
    from maskreid.retrieval import Calibration
    from maskreid.training.evaluation import evaluate_model, product_device

    loaded = load_model(model, device_of(device))
    if flip is not None:
        loaded = loaded.with_flip(flip)
    if out:
        refuse_other_run(loaded, out)
    dataset = open_data(data, format, split)
    evaluation = evaluate_model(
        loaded,
        dataset,
        protocol=chosen,
        multi_query=multi_query,
        reranking=reranking,
        masks=masks,
        cache=cache,
        precision=precision or "float32",
        progress=progress.terminal,
    )
    calibration = Calibration.of(loaded.card)
    judgement = evaluation.judgement
    details, missing = _details(judgement, per_camera, worst, open_set, calibration, product_device(loaded))
    if out:  # before anything is printed, which a closed pipe would end
        title = f"{model} on {dataset.name}"
        report_on(loaded, dataset, evaluation, out, title=title, details=details, masks=masks)
    _tell(judgement, details, missing)
    if out:
        written = ["metrics.json", "report.html", *(f"{split}.npz" for split in evaluation.features)]
        print(f"written: {', '.join(str(out / name) for name in written)}")


def _reranking(wanted: bool, **parameters: Any) -> Reranking | None:
    given = {name: value for name, value in parameters.items() if value is not None}
    if not wanted:
        surplus = {f"--{name.rstrip('_')}": value for name, value in given.items()}
        refuse_surplus(surplus, "nothing is re-ranked without --rerank")
        return None
    from maskreid.retrieval import Reranking

    return Reranking(**given)


def _evaluate_features(
    file: Path,
    protocol: NamedProtocol,
    multi_query: bool,
    reranking: Reranking | None,
    per_camera: bool,
    worst: int,
    open_set: bool,
    out: Path | None,
    device: str | None,
) -> None:
    from maskreid import progress
    from maskreid.reports.numbers import ABOUT, read_numbers, write_numbers
    from maskreid.retrieval import Calibration, judge, read_features, save_folder
    from maskreid.retrieval.judge import check_asked

    check_asked(protocol, multi_query=multi_query, reranking=reranking)
    read = read_features(file)
    judgement = judge(
        read.query,
        read.gallery,
        read.boxes,
        protocol=protocol,
        multi_query=multi_query,
        reranking=reranking,
        device=device,
        progress=progress.terminal,
    )
    # What a test of a model said of it still holds when its features are judged another way.
    known = {key: value for key, value in read_numbers(file).items() if key in ABOUT}
    details, missing = _details(judgement, per_camera, worst, open_set, Calibration.of(known), device)
    written, removed = [], False
    if out:
        about = {"data": str(file), "model": read.query.model, **known}
        write_numbers(out / "metrics.json", judgement, about=about, details=details)
        written = [out / "metrics.json", *save_folder(out, read.query, read.gallery, read.boxes)]
        page = out / "report.html"
        if removed := page.exists():
            page.unlink()
    print(
        f"{file}: {len(read.query):,} queries, {len(read.gallery):,} gallery images, "
        f"{read.query.vectors.shape[1]:,} numbers each"
    )
    for note in read.notes:
        print(f"{file}: {note}")
    _tell(judgement, details, missing)
    if written:
        print(f"written: {', '.join(map(str, written))}")
    if removed:
        print(f"removed: {page}, which was of other numbers; maskreid report {out} writes a page of these")


def _details(
    judgement: Judgement,
    per_camera: bool,
    worst: int,
    open_set: bool,
    calibration: Calibration | None = None,
    device: str | None = None,
) -> tuple[Details, str]:
    """Find what else was asked for, and say why something of it is missing."""
    from maskreid import progress, retrieval
    from maskreid.reports import Details, half_enrolled

    alarms, claimed, missing = (
        half_enrolled(judgement, calibration, device=device, progress=progress.terminal)
        if open_set
        else (None, None, "")
    )
    searched = (judgement.query, judgement.gallery, judgement.main.protocol)
    details = Details(
        pairs=retrieval.camera_pairs(*searched) if per_camera else None,
        worst=retrieval.worst_queries(judgement.main, judgement.query, worst),
        open_set=alarms,
        reliability=claimed,
    )
    return details, missing


def _tell(judgement: Judgement, details: Details, missing: str) -> None:
    """Print the numbers, and what else was found."""
    from maskreid.reports import camera_table, metrics_table, open_set_table, reliability_table, worst_table

    print(metrics_table(judgement.metrics))
    if judgement.reranking:
        print(f"re-ranked with {judgement.reranking}")
    for name, metrics in judgement.metrics.items():
        for reason, count in Counter(metrics.skipped.values()).items():
            print(f"{name}: {count:,} queries skipped: {reason}")
    if missing:
        print(f"\n{missing}")
    if details.pairs is not None:
        print(f"\n{camera_table(details.pairs)}")
    if details.worst:
        print(f"\n{worst_table(details.worst)}")
    if details.open_set is not None:
        print(f"\n{open_set_table(details.open_set)}")
    if details.reliability is not None:
        print(f"\n{reliability_table(details.reliability)}\n\nECE {details.reliability.ece:.3f}")
