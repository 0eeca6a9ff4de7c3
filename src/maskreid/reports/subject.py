"""What a page is about: one run or test, whatever is known of it."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from maskreid import __version__
from maskreid.files import as_text
from maskreid.reports.crops import Crops
from maskreid.reports.evaluation_figures import Examined
from maskreid.retrieval import Calibration

if TYPE_CHECKING:  # torch must not load where only a table is printed
    from maskreid.images import Dataset
    from maskreid.training import Evaluation
    from maskreid.training.history import History


def run_name(run: str | Path) -> str:
    """Return the last part of a run's path, also of "." and the like, with what is not UTF-8 in it as escapes."""
    return as_text(os.path.basename(os.path.abspath(run)) or str(run))


@dataclass(frozen=True, eq=False)
class Masks:
    """How masks cover what was searched.

    Attributes:
        source: where they came from.
        coverage: (N,) float32, share of each image.
        min_share: below it the whole image stands in ...
        fallbacks: ... as it does for so many.
    """

    source: str
    coverage: npt.NDArray[np.float32]
    min_share: float
    fallbacks: int

    @classmethod
    def of(cls, evaluation: Evaluation, policy: Mapping[str, Any]) -> Masks:
        """Return those of an evaluation, by the policy of the model's card."""
        packed = [evaluation.packed_query]
        if evaluation.packed_gallery is not evaluation.packed_query:  # as where everyone searches for everyone
            packed.append(evaluation.packed_gallery)
        coverage = np.concatenate([each.coverage for each in packed])
        return cls(policy["source"], coverage, policy["min_share"], sum(each.fallbacks for each in packed))


@dataclass(frozen=True, eq=False)
class Subject:
    """One run or test; each part is there if it is known.

    Attributes:
        name: in legends and headings.
        facts: what was tested on what, by what each is called.
        test: the numbers.
        history: of the training.
        calibration: of the model.
        crops: the pictures of the test's images.
        synthetic: whether the people in the pictures are.
        masks: of the test's images.
        counts: of the dataset, a row for each split.
    """

    name: str
    facts: Mapping[str, str] = field(default_factory=dict)
    test: Examined | None = None
    history: History | None = None
    calibration: Calibration | None = None
    crops: Crops | None = None
    synthetic: bool = False
    masks: Masks | None = None
    counts: Sequence[Sequence[str]] = ()


def model_facts(card: Mapping[str, Any]) -> dict[str, str]:
    """Return what a model's card says, in words."""
    from maskreid.network import describe_network  # brings torch, which a page of features does without

    training = card["training"]
    facts = {"network": describe_network(card)}
    if {"data", "images", "identities"} <= set(training):
        facts["trained on"] = f"{training['data']}, {training['images']} images of {training['identities']} people"
    if training.get("adapted"):
        entry = training["adapted"][-1]
        facts["adapted to"] = f"{entry['data']}, {entry['images']:,} images, without labels"
    if training.get("mixed"):
        facts["mixed"] = f"{100 * training['mixed'][-1]['share']:g} % of this, the rest of what it started from"
    for setting, numbers in card.get("metrics", {}).items():
        name = f"in its card, {setting.replace('_', ' ')}"
        facts[name] = f"Rank-1 {numbers['rank1']:.2f} %, mAP {numbers['map']:.2f} %"
    return facts


def made_here() -> dict[str, str]:
    """Return with what, where and when a page is made."""
    return {
        "code": f"maskreid {__version__}",
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "made": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    }


def data_facts(dataset: Dataset) -> dict[str, str]:
    """Return what a dataset is called and where it lies."""
    return {"data": f"{dataset.name}, {Path(dataset.source.name).name}"}


def dataset_counts(dataset: Dataset) -> list[list[str]]:
    """Return a row for each split: identities, images, cameras, distractors, junk."""
    rows = []
    for split, images in dataset.splits.items():
        if images:
            each = dataset.counts(split)
            numbers = (each.identities, each.images, each.cameras, each.distractors, each.junk)
            rows.append([split, *(f"{number:,}" for number in numbers)])
    return rows
