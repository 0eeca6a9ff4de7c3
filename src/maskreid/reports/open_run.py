"""What a person names on the command line, opened for a report: a run, a test, a model, or anybody's features."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from maskreid.errors import MaskreidError
from maskreid.progress import Progress, silent
from maskreid.reports.crops import DatasetCrops
from maskreid.reports.details import examine
from maskreid.reports.evaluation_figures import Examined
from maskreid.reports.model_report import subject_of
from maskreid.reports.numbers import NOTHING_MORE, is_run, read_numbers
from maskreid.reports.subject import Subject, dataset_counts, model_facts, run_name
from maskreid.retrieval import (
    NAMED_PROTOCOLS,
    Calibration,
    Judgement,
    NamedProtocol,
    Reranking,
    holds_features,
    judge,
    named_protocol,
    read_features,
)
from maskreid.retrieval.judge import reranked_name
from maskreid.retrieval.named_protocols import MULTIPLE_QUERY, SINGLE_QUERY

if TYPE_CHECKING:
    from maskreid.images import Dataset


def short_names(runs: Sequence[str]) -> list[str]:
    """Return what runs are called beside each other: their paths' last parts, or the paths where those are alike."""
    names = [run_name(run) for run in runs]
    return names if len(set(names)) == len(names) else list(runs)


def open_subject(
    run: str,
    dataset: Dataset | None = None,
    *,
    name: str = "",
    protocol: str | None = None,
    worst: int = 10,
    examining: bool = True,
    device: str | None = None,
    precision: str = "float32",
    cache: Path | None = None,
    progress: Progress = silent,
) -> Subject:
    """Return what is known of a run.

    Features (a file, or a folder that ``maskreid evaluate --out`` wrote) are judged again, as its metrics.json says
    they were; a model is evaluated if there is a dataset; a run folder has its training.

    Args:
        run: a run folder, such a folder or file of features, a model file, or a shipped model's name.
        dataset: what the features were made of, for the pictures; or what to evaluate the model on.
        name: in legends; the last part of ``run`` by default.
        protocol: one of `maskreid.retrieval.NAMED_PROTOCOLS`; the default is what was used before, or market1501.
        worst: how many of the worst queries.
        examining: find everything that a report shows, not only who is found.
        device: of the model, a torch device; the default is "cuda" where there is one.
        precision: of the model, "float32" or "bfloat16".
        cache: where packed images are kept.
        progress: told about every stage.

    Raises:
        MaskreidError: there is nothing to report on, or what is there does not go together.
    """
    check_run(run, dataset)
    name = name or run_name(run)
    history = None
    if is_run(run):
        from maskreid.training.history import read_history

        history = read_history(run)
    if holds_features(run):
        numbers = read_numbers(run)
        calibration = Calibration.of(numbers)
        judged = _judged(run, protocol, numbers, progress)
        details = examine(judged, calibration, worst=worst, progress=progress) if examining else NOTHING_MORE
        return Subject(
            name,
            {**_facts(run, numbers), "searches": f"{len(judged.query):,} queries in {len(judged.gallery):,} images"},
            Examined(name, judged, details),
            history,
            calibration,
            crops=_crops(dataset, numbers) if dataset else None,
            synthetic=dataset is not None and dataset.name == "synthetic",
            counts=dataset_counts(dataset) if dataset else (),
        )
    if dataset is not None:
        subject = _evaluated(
            run, dataset, name, protocol, worst if examining else None, device, precision, cache, progress
        )
        return replace(subject, history=history)
    facts = {}
    if (Path(run) / "model.json").is_file():
        from maskreid.network import read_card

        facts = model_facts(read_card(run))
    return Subject(name, facts, history=history)


def check_run(run: str, dataset: Dataset | None = None) -> None:
    """Look whether `open_subject` has something to open, without opening it.

    Raises:
        MaskreidError: there is nothing to report on.
    """
    if holds_features(run):
        return
    if dataset is not None:
        from maskreid.network import read_card

        read_card(run)
    elif not is_run(run):
        raise MaskreidError(
            f"{run}: expected a training run (log.jsonl), a test (query.npz and gallery.npz, as maskreid evaluate "
            "--out writes them) or a file of features; a model needs --data DATA"
        )


def _evaluated(
    run: str,
    dataset: Dataset,
    name: str,
    protocol: str | None,
    worst: int | None,
    device: str | None,
    precision: str,
    cache: Path | None,
    progress: Progress,
) -> Subject:

    from maskreid.network import load_model, pick_device
    from maskreid.training.evaluation import evaluate_model, product_device

    model = load_model(run, pick_device(device))
    evaluation = evaluate_model(
        model,
        dataset,
        protocol=named_protocol(protocol or SINGLE_QUERY.name),
        cache=cache,
        precision=precision,
        progress=progress,
    )
    details = NOTHING_MORE
    if worst is not None:
        details = examine(
            evaluation.judgement,
            Calibration.of(model.card),
            worst=worst,
            device=product_device(model),
            progress=progress,
        )
    return subject_of(model, dataset, evaluation, name, details)


def _judged(run: str, protocol: str | None, numbers: dict[str, Any], progress: Progress) -> Judgement:
    """Judge features as metrics.json says they were judged, unless another protocol is asked for."""
    read, before = read_features(run), list(numbers.get("evaluations", ()))
    chosen = named_protocol(protocol) if protocol else _protocol_of(before)
    same = bool(before) and before[0] == chosen.heading
    reranking = same and reranked_name(chosen.heading) in before
    return judge(
        read.query,
        read.gallery,
        read.boxes,
        protocol=chosen,
        multi_query=same and chosen is SINGLE_QUERY and MULTIPLE_QUERY.heading in before and read.boxes is not None,
        reranking=Reranking.of(numbers) if reranking else None,
        progress=progress,
    )


def _protocol_of(headings: list[str]) -> NamedProtocol:
    return next((each for each in NAMED_PROTOCOLS.values() if headings and each.heading == headings[0]), SINGLE_QUERY)


def _crops(dataset: Dataset, numbers: dict[str, Any]) -> DatasetCrops:
    policy = numbers.get("masks")
    if not policy:
        return DatasetCrops(dataset)
    from maskreid.masks import mask_source

    return DatasetCrops(dataset, mask_source(policy["source"]), min_share=policy["min_share"])


def _facts(run: str, numbers: dict[str, Any]) -> dict[str, str]:
    known = numbers.get("facts") or {key: str(numbers[key]) for key in ("data", "model") if numbers.get(key)}
    return known or {"features": run}


def written_to(run: str, against: str | None = None) -> Path:
    """Return where a report goes if nobody says: ``RUN/report``, or ``RUN/report-against-RUN2``.

    Where RUN2 lies in another folder than RUN, the name ends in a mark of that folder: runs that only have their name
    in common get a report each.

    Raises:
        MaskreidError: ``run`` is no folder.
    """
    if not Path(run).is_dir():
        raise MaskreidError(f"{run}: is no folder to write a report into; say where with --out")
    if against is None:
        return Path(run) / "report"
    mark, folder = "", _absolute(against).parent
    if folder != _absolute(run).parent and Path(against).exists():
        mark = f"-{hashlib.sha256(os.fsencode(folder)).hexdigest()[:8]}"
    return Path(run) / f"report-against-{run_name(against)}{mark}"


def _absolute(run: str) -> Path:
    return Path(os.path.abspath(run))  # a link keeps its name, which `Path.resolve` would not leave it
