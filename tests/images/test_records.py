from __future__ import annotations

from pathlib import Path

import pytest

from maskreid.errors import MaskreidError
from maskreid.images import Dataset, Folder, PersonImage, SubsetCounts


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (("", 1, 1), "empty path"),
        (("a.jpg", -2, 1), "a.jpg: identity is -2"),
        (("a.jpg", 10**19, 1), "a.jpg: identity is 10000000000000000000; expected 1 to 9223372036854775807"),
        (("a.jpg", 1, -2), "a.jpg: camera is -2"),
        (("a.jpg", 1, 2**31), "a.jpg: camera is 2147483648; expected 0 to 2147483647"),
    ],
)
def test_a_record_out_of_range_is_refused(values: tuple[str, int, int], message: str) -> None:
    with pytest.raises(MaskreidError, match=message):
        PersonImage(*values)


def test_counts_tell_persons_from_distractors_and_junk(tmp_path: Path) -> None:
    images = tuple(
        PersonImage(f"{i}.jpg", identity, camera)
        for i, (identity, camera) in enumerate([(-1, 1), (0, 2), (0, 2), (5, 3), (5, -1), (6, 3)])
    )
    dataset = Dataset("csv", Folder(tmp_path), {"gallery": images})
    assert dataset.counts("gallery") == SubsetCounts(identities=2, images=6, cameras=3, distractors=2, junk=1)
    assert dataset.counts("train") == SubsetCounts(0, 0, 0, 0, 0)


def test_a_dataset_is_checked_where_it_is_made(tmp_path: Path) -> None:
    image = PersonImage("a.jpg", 1, 1)
    with pytest.raises(MaskreidError, match="no image of a person"):
        Dataset("csv", Folder(tmp_path), {"train": ()})
    with pytest.raises(MaskreidError, match="unknown split 'test'; expected train, val, query"):
        Dataset("csv", Folder(tmp_path), {"test": (image,)})
    with pytest.raises(MaskreidError, match=r"a\.jpg is 2 times in 'train'"):
        Dataset("csv", Folder(tmp_path), {"train": (image, image)})
    # The same image may be a query and stand in the gallery.
    Dataset("csv", Folder(tmp_path), {"query": (image,), "gallery": (image,)})


def test_each_image_of_some_splits_or_of_all_comes_once(tmp_path: Path) -> None:
    a, b, c = (PersonImage(f"{name}.jpg", 1, 1) for name in "abc")
    dataset = Dataset("csv", Folder(tmp_path), {"train": (c,), "query": (a,), "gallery": (b, a)})
    assert dataset.images() == [c, a, b]
    assert dataset.images(["gallery"]) == [b, a]
    with pytest.raises(MaskreidError, match="has no split 'val'; it has train, query, gallery"):
        dataset.images(["val"])


def test_a_split_that_is_drawn_is_part_of_the_label(tmp_path: Path) -> None:
    images = {"train": (PersonImage("a.jpg", 1),)}
    labels = [Dataset("viper", Folder(tmp_path), images, split=split).label for split in (None, 0, 3)]
    assert labels == ["viper", "viper (split 0)", "viper (split 3)"]


def test_nobody_who_is_tested_is_learned_from_where_there_is_a_training_split(tmp_path: Path) -> None:
    a, b = PersonImage("a.jpg", 1), PersonImage("b.jpg", 2)
    both = Dataset("csv", Folder(tmp_path), {"train": (a,), "gallery": (b,)})
    assert both.training_images() == [a]
    for train in ({}, {"train": ()}):
        alone = Dataset("csv", Folder(tmp_path), {**train, "query": (a,), "gallery": (b, a)})
        assert alone.training_images() == [a, b]
