"""Pictures by their paths."""

from __future__ import annotations

import numpy as np
import pytest

from maskreid.errors import MaskreidError
from maskreid.images import Dataset, read_image, read_mask
from maskreid.masks import DatasetMasks
from maskreid.reports import DatasetCrops
from maskreid.retrieval import Features


def of(dataset: Dataset, paths: tuple[str, ...]) -> Features:
    return Features(np.eye(len(paths), 4, dtype=np.float32), np.arange(len(paths)), np.ones(len(paths), int), paths)


def test_each_row_gets_its_own_image_and_mask(world: Dataset) -> None:
    images = world.splits["query"][:3]
    size = read_image(world.source, images[0].path).shape[:2]
    crops = DatasetCrops(world, DatasetMasks(), size=(size[0], size[1]))
    found = crops(of(world, tuple(image.path for image in images)), [2, 0], masks=True)
    for (pixels, mask), image in zip(found, (images[2], images[0]), strict=True):
        np.testing.assert_array_equal(pixels, read_image(world.source, image.path))
        assert image.mask
        np.testing.assert_array_equal(mask, read_mask(world.source, image.mask))


def test_there_is_no_mask_where_none_is_wanted(world: Dataset) -> None:
    paths = (world.splits["query"][0].path,)
    assert DatasetCrops(world, DatasetMasks())(of(world, paths), [0])[0][1] is None
    assert DatasetCrops(world)(of(world, paths), [0], masks=True)[0][1] is None


def test_features_of_other_data_are_refused(world: Dataset) -> None:
    with pytest.raises(MaskreidError, match=r"has no image elsewhere\.jpg"):
        DatasetCrops(world)(of(world, ("elsewhere.jpg",)), [0])
    bare = Features(np.eye(1, dtype=np.float32), np.array([1]), np.array([1]))
    with pytest.raises(MaskreidError, match="no paths"):
        DatasetCrops(world)(bare, [0])
