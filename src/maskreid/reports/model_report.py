"""Everything about one test of one model: numbers for programs, a page for people, features for later."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from maskreid import __version__
from maskreid.reports.curves import (
    cmc_curve,
    coverage_histogram,
    det_curve,
    reliability_diagram,
    roc_curve,
    similarity_plot,
)
from maskreid.reports.details import Details
from maskreid.reports.numbers import NOTHING_MORE, write_numbers, write_text
from maskreid.reports.rank_lists import choose_queries, rank_lists
from maskreid.reports.tables import (
    COLUMNS,
    WORST_COLUMNS,
    camera_cell,
    camera_name,
    metrics_rows,
    open_set_rows,
    worst_rows,
)
from maskreid.retrieval import CameraPairs, save_folder, similarities
from maskreid.retrieval.judge import reranked_name

if TYPE_CHECKING:  # torch must not load where only a table is printed
    from maskreid.images import Dataset
    from maskreid.network import Model
    from maskreid.training import Evaluation

NOTES = {
    True: "The people on this page are synthetic.",
    False: "This page may show real people. Keep it to yourself: their pictures are for research only.",
}


def report_on(
    model: Model,
    dataset: Dataset,
    evaluation: Evaluation,
    out: str | Path,
    *,
    title: str,
    details: Details = NOTHING_MORE,
) -> None:
    """Write ``metrics.json``, ``report.html``, and the features as ``query.npz``, ``gallery.npz`` into ``out``.

    Args:
        model: what was tested.
        dataset: what it was tested on.
        evaluation: from `maskreid.training.evaluate_model`.
        out: a folder, made if it is not there; files of the same names are replaced.
        title: of the page.
        details: what else to show.
    """
    out = Path(out)
    about = {"data": dataset.name, "model": model.fingerprint}
    write_numbers(out / "metrics.json", evaluation.judgement, about=about, details=details)
    write_text(out / "report.html", render(model, dataset, evaluation, title, details))
    features = evaluation.features
    save_folder(out, features["query"], features["gallery"], features.get("multi_query"))


def render(
    model: Model,
    dataset: Dataset,
    evaluation: Evaluation,
    title: str,
    details: Details = NOTHING_MORE,
) -> str:
    """Return the page as one self-contained HTML text: no script, no request to anywhere."""
    from jinja2 import Environment, PackageLoader

    template = Environment(loader=PackageLoader("maskreid.reports"), autoescape=True).get_template("report.html")
    judged = evaluation.judgement
    rows = choose_queries(judged.main)
    pictures = (evaluation.packed_query, evaluation.packed_gallery)
    lists = {"Answers": rank_lists(rows, judged.query, judged.gallery, judged.main, *pictures)}
    if judged.reranked is not None:
        again, reranked = judged.reranked, judged.metrics[reranked_name(next(iter(judged.metrics)))]
        lists["The same queries, re-ranked"] = rank_lists(
            rows, again.query, again.gallery, reranked, *pictures, distances=again.rows(rows)
        )
    coverage = np.concatenate([packed.coverage for packed in pictures])
    policy = model.card["preprocessing"]["masks"]
    similar = similarities(judged.query, judged.gallery, judged.main.protocol)
    fallbacks = sum(packed.fallbacks for packed in pictures)
    return template.render(
        title=title,
        note=NOTES[dataset.name == "synthetic"],
        facts=_facts(model, dataset),
        columns=list(COLUMNS.values()),
        rows=metrics_rows(evaluation.metrics),
        skipped=judged.main.as_dict()["skipped"],
        cmc=cmc_curve(evaluation.metrics),
        similarities=similarity_plot({"": similar}),
        pairs=_heat(details.pairs) if details.pairs else None,
        worst_columns=WORST_COLUMNS,
        worst=worst_rows(details.worst),
        open_set=open_set_rows(details.open_set) if details.open_set else None,
        det=det_curve(details.open_set) if details.open_set else None,
        roc=roc_curve(similar) if details.open_set else None,
        reliability=reliability_diagram({"this test": details.reliability}) if details.reliability else None,
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
        f"{height} x {width} in, {network.dimension} numbers out" + ", with the mirror image" * model.flip,
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


def _heat(pairs: CameraPairs) -> dict[str, Any]:
    """The cells of the camera table with how dark each is: its Rank-1."""
    columns = range(len(pairs.gallery_cameras))
    rows = [
        {
            "camera": camera_name(camera),
            "cells": [
                {
                    "text": camera_cell(pairs, row, column),
                    "share": round(100 * float(np.nan_to_num(pairs.rank1[row, column]))),
                    "queries": int(pairs.queries[row, column]),
                }
                for column in columns
            ],
        }
        for row, camera in enumerate(pairs.query_cameras)
    ]
    return {"cameras": [camera_name(camera) for camera in pairs.gallery_cameras], "rows": rows}
