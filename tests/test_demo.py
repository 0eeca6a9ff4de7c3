"""What the demo decides; ``maskreid demo`` itself runs in ``make demo``, and its gallery in tests/web."""

from __future__ import annotations

from dataclasses import replace

from maskreid.demo import masks_for
from maskreid.images import Dataset


def test_masks_of_the_dataset_are_taken_where_every_image_that_is_looked_at_has_one(world: Dataset) -> None:
    boxes = tuple(replace(image, mask=None) for image in world.splits["query"])
    assert masks_for(replace(world, splits={**world.splits, "multi_query": boxes})) == "dataset"
    for split in ("train", "query", "gallery"):
        first, *rest = world.splits[split]
        assert masks_for(replace(world, splits={**world.splits, split: (replace(first, mask=None), *rest)})) == "fcn"
