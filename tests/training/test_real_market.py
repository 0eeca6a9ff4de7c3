"""The shipped model on a small part of Market-1501's test, if the data is there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from maskreid.images import open_dataset
from maskreid.network import load_model
from maskreid.training import evaluate_model


def test_the_shipped_model_finds_people(real_data: Path, tmp_path: Path) -> None:
    whole = open_dataset(real_data / "Market-1501-v15.09.15.zip")
    people = set(sorted({image.identity for image in whole.splits["query"]})[::60])
    gallery = [image for image in whole.splits["gallery"] if image.identity in people]
    strangers = [image for image in whole.splits["gallery"] if image.identity not in people][::100]
    part = replace(
        whole,
        splits={
            "query": tuple(image for image in whole.splits["query"] if image.identity in people),
            "gallery": (*gallery, *strangers),
        },
    )
    metrics = evaluate_model(load_model("market1501"), part, cache=tmp_path).metrics["single query"]
    assert len(metrics.queries) > 40
    assert metrics.rank(1) > 0.8  # of a gallery of some hundreds, so above the 19,732's
    assert metrics.map > 0.7
