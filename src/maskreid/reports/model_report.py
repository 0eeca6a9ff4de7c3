"""Everything about one test of one model: numbers for programs, a page for people, features for later."""

from __future__ import annotations

import json
import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from maskreid import __version__
from maskreid.images import Dataset
from maskreid.network import Model
from maskreid.reports.curves import cmc_curve, coverage_histogram
from maskreid.reports.rank_lists import choose_queries, rank_lists
from maskreid.reports.tables import COLUMNS, metrics_rows
from maskreid.training import Evaluation
from maskreid.training.evaluation import reranked_name

SCHEMA_VERSION = 1
NOTES = {
    True: "The people on this page are synthetic.",
    False: "This page may show real people. Keep it to yourself: their pictures are for research only.",
}


def report_on(model: Model, dataset: Dataset, evaluation: Evaluation, out: str | Path, *, title: str) -> None:
    """Write ``metrics.json``, ``report.html``, ``query.npz`` and ``gallery.npz`` into ``out``.

    Args:
        model: what was tested.
        dataset: what it was tested on.
        evaluation: from `maskreid.training.evaluate_model`.
        out: a folder, made if it is not there; files of the same names are replaced.
        title: of the page.
    """
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    _write(out / "metrics.json", json.dumps(_numbers(model, dataset, evaluation), indent=2) + "\n")
    _write(out / "report.html", render(model, dataset, evaluation, title))
    evaluation.query.save(out / "query.npz")
    evaluation.gallery.save(out / "gallery.npz")


def render(model: Model, dataset: Dataset, evaluation: Evaluation, title: str) -> str:
    """Return the page as one self-contained HTML text: no script, no request to anywhere."""
    from jinja2 import Environment, PackageLoader

    template = Environment(loader=PackageLoader("maskreid.reports"), autoescape=True).get_template("report.html")
    name, single = next(iter(evaluation.metrics.items()))
    rows = choose_queries(single)
    pictures = (evaluation.packed_query, evaluation.packed_gallery)
    lists = {"Answers": rank_lists(rows, evaluation.query, evaluation.gallery, single, *pictures)}
    if evaluation.reranked is not None:
        again, reranked = evaluation.reranked, evaluation.metrics[reranked_name(name)]
        lists["The same queries, re-ranked"] = rank_lists(
            rows, again.query, again.gallery, reranked, *pictures, distances=again.rows(rows)
        )
    coverage = np.concatenate([packed.coverage for packed in pictures])
    policy = model.card["preprocessing"]["masks"]
    fallbacks = sum(packed.fallbacks for packed in pictures)
    return template.render(
        title=title,
        note=NOTES[dataset.name == "synthetic"],
        facts=_facts(model, dataset),
        columns=list(COLUMNS.values()),
        rows=metrics_rows(evaluation.metrics),
        skipped=single.as_dict()["skipped"],
        cmc=cmc_curve(evaluation.metrics),
        rank_lists=lists,
        mask_text=(
            f"Masks: {policy['source']}. {fallbacks} of {len(coverage)} images have a mask that covers less than "
            f"{100 * policy['min_share']:g} %: the whole image stands in for those."
        ),
        coverage=coverage_histogram(coverage, policy["min_share"]),
        counts=_counts(dataset),
    )


def _facts(model: Model, dataset: Dataset) -> dict[str, str]:
    network, training = model.network.config, model.card["training"]
    height, width = network.input_size
    return {
        "data": f"{dataset.name}, {Path(dataset.source.name).name}",
        "model": model.fingerprint,
        "network": f"{network.streams} stream(s), fusion {network.fusion}, width {network.width:g}, "
        f"{height} x {width} in, {network.dimension} numbers out",
        "trained on": f"{training['data']}, {training['images']} images of {training['identities']} people",
        "code": f"maskreid {__version__}",
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "made": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    }


def _counts(dataset: Dataset) -> list[list[str]]:
    rows = []
    for split, images in dataset.splits.items():
        if images:
            each = dataset.counts(split)
            numbers = (each.identities, each.images, each.cameras, each.distractors, each.junk)
            rows.append([split, *(f"{number:,}" for number in numbers)])
    return rows


def _numbers(model: Model, dataset: Dataset, evaluation: Evaluation) -> dict[str, Any]:
    """The single query's numbers by name at the top, then every evaluation under its own name."""
    numbers = evaluation.as_dict()
    return {
        "schema_version": SCHEMA_VERSION,
        "data": dataset.name,
        "model": model.fingerprint,
        "code_version": __version__,
        **next(iter(numbers.values())),
        "evaluations": numbers,
    }


def _write(path: Path, text: str) -> None:
    temporary = path.with_name(path.name + ".part")
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, path)
