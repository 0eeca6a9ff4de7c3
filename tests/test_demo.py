"""What the demo decides and writes; its gallery is in tests/web."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from maskreid import demo
from maskreid.demo import masks_for
from maskreid.images import Dataset


def test_masks_of_the_dataset_are_taken_where_every_image_that_is_looked_at_has_one(world: Dataset) -> None:
    boxes = tuple(replace(image, mask=None) for image in world.splits["query"])
    assert masks_for(replace(world, splits={**world.splits, "multi_query": boxes})) == "dataset"
    for split in ("train", "query", "gallery"):
        first, *rest = world.splits[split]
        assert masks_for(replace(world, splits={**world.splits, split: (replace(first, mask=None), *rest)})) == "fcn"


def test_the_demo_in_two_iterations(world: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`make demo` is the same with 600."""
    schedule = replace(demo.DEMO_RECIPE.schedule, iterations=2, warm_up=1)
    batch = replace(demo.DEMO_RECIPE.batch, identities=6)
    monkeypatch.setattr(demo, "DEMO_RECIPE", replace(demo.DEMO_RECIPE, schedule=schedule, batch=batch))
    evaluation = demo.run_demo(world, tmp_path / "demo")
    assert set(evaluation.metrics) == {"single query", "single query, re-ranked"}
    numbers = json.loads((tmp_path / "demo" / "metrics.json").read_text())
    assert numbers["map"] == round(100 * evaluation.metrics["single query"].map, 2)
    page = (tmp_path / "demo" / "report.html").read_text()
    assert "maskreid demo on synthetic" in page
    assert page.count("data:image/webp") > 20
