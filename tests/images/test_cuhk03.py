"""Raw CUHK03: copies of its MATLAB file, with the published counts and with real pixels."""

from __future__ import annotations

import builtins
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest

from maskreid.errors import MaskreidError
from maskreid.images import check_dataset, open_dataset, read_image
from maskreid.images.cuhk03_source import Cuhk03Source

PEOPLE = (843, 440, 77, 58, 49)  # of the five camera pairs


def write(
    path: Path, people: tuple[int, ...], lacking: dict[str, int], *, splits: int = 20, tested: int = 100
) -> np.ndarray:
    """Write the structure of ``cuhk-03.mat``; the first ``lacking`` persons of a kind have no tenth image.

    Cells share a few images, since a reference costs nothing: person p and column c have image (p + c) % 7.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    images = np.random.default_rng(0).integers(0, 255, (7, 6, 4, 3), dtype=np.uint8)
    random = np.random.default_rng(1)
    with h5py.File(path, "w") as file:
        refs = [file.create_dataset(f"#refs#/image{i}", data=images[i].T).ref for i in range(7)]
        empty = file.create_dataset("#refs#/empty", data=np.zeros(2, np.uint64)).ref
        for kind, without in lacking.items():
            pairs, number = [], 0
            for pair, count in enumerate(people):
                cells = np.empty((10, count), h5py.ref_dtype)
                for person in range(count):
                    for column in range(10):
                        gone = column == 9 and number < without
                        cells[column, person] = empty if gone else refs[(person + column) % 7]
                    number += 1
                pairs.append(file.create_dataset(f"#refs#/{kind}{pair}", data=cells, dtype=h5py.ref_dtype).ref)
            file.create_dataset(kind, data=np.array([pairs], h5py.ref_dtype), dtype=h5py.ref_dtype)
        everybody = [(pair, person) for pair, count in enumerate(people, 1) for person in range(1, count + 1)]
        sets = []
        for split in range(splits):
            chosen = np.array(everybody, float)[random.permutation(len(everybody))[:tested]]
            sets.append(file.create_dataset(f"#refs#/set{split}", data=chosen.T).ref)
        file.create_dataset("testsets", data=np.array([sets], h5py.ref_dtype), dtype=h5py.ref_dtype)
    return images


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("cuhk03") / "cuhk03_release" / "cuhk-03.mat"
    write(path, PEOPLE, {"labeled": 14670 - 14096, "detected": 14670 - 14097})
    return path


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "cuhk03_release" / "cuhk-03.mat"
    write(path, (5, 3), {"labeled": 2, "detected": 0}, splits=2, tested=2)
    return path


@pytest.mark.parametrize(("format", "images"), [(None, 28193), ("cuhk03-labeled", 14096), ("cuhk03-detected", 14097)])
def test_the_published_counts(whole: Path, format: str | None, images: int) -> None:
    dataset = open_dataset(whole.parent.parent, format)
    assert dataset.name == (format or "cuhk03")
    train, query, gallery = (dataset.counts(split) for split in ("train", "query", "gallery"))
    assert (train.identities, query.identities, gallery.identities) == (1367, 100, 100)
    assert train.images + query.images + gallery.images == images
    assert (train.cameras, query.cameras, gallery.cameras) == (2, 1, 1)


def test_the_splits_are_the_files_own_and_people_are_numbered_through_the_pairs(small: Path) -> None:
    with h5py.File(small) as file:
        expected = [
            {int(person) + (5 if pair == 2 else 0) for pair, person in np.asarray(file[reference]).T}
            for reference in file["testsets"][0]
        ]
    for split in (0, 1):
        dataset = open_dataset(small, split=split)
        assert {image.identity for image in dataset.splits["query"]} == expected[split]
        assert dataset.split == split
        learned = {image.identity for image in dataset.splits["train"]}
        assert learned == set(range(1, 9)) - expected[split]


def test_pixels_come_back_as_they_were_and_empty_cells_are_no_images(tmp_path: Path) -> None:
    path = tmp_path / "cuhk-03.mat"
    images = write(path, (5, 3), {"labeled": 2, "detected": 0}, splits=1, tested=2)
    source = Cuhk03Source(path)
    members = source.members()
    assert members == sorted(members)
    assert len(members) == 2 * 80 - 2
    assert "labeled/1/0002_10.png" not in members
    assert "labeled/1/0003_10.png" in members
    np.testing.assert_array_equal(read_image(source, "labeled/2/0003_04.png"), images[(2 + 3) % 7])
    for member in (
        "labeled/1/0099_01.png",
        "labeled/9/0001_01.png",
        "labeled/1/0000_01.png",
        "seen/1/0001_01.png",
        "x",
    ):
        with pytest.raises(MaskreidError, match="has no member"):
            source.read(member)


def test_the_doctor_reads_every_image(small: Path) -> None:
    errors = [it for it in check_dataset(open_dataset(small)).findings if it.severity == "error"]
    assert [(it.count, it.what) for it in errors] == [(7, "files have the same content but different identities")]


def test_a_damaged_file_is_read_or_refused_never_a_crash(small: Path, tmp_path: Path) -> None:
    whole, random = small.read_bytes(), np.random.default_rng(0)
    damaged = tmp_path / "damaged" / "cuhk-03.mat"
    damaged.parent.mkdir()
    refused = []
    for _ in range(60):
        content = bytearray(whole)
        for place in random.integers(0, len(whole), 40):
            content[place] = random.integers(256)
        damaged.write_bytes(content)
        try:
            dataset = open_dataset(damaged)
            for images in dataset.splits.values():
                for image in images:
                    read_image(dataset.source, image.path)
        except MaskreidError as error:
            refused.append(str(error))
    assert any("damaged" in message for message in refused)
    assert not any("\n" in message for message in refused)


def test_a_test_set_names_people_who_are_there(small: Path) -> None:
    with h5py.File(small, "a") as file:
        file[file["testsets"][0, 0]][...] = np.array([[1, 7], [1, 1]])
    with pytest.raises(MaskreidError, match=r"set 0 is damaged \(no person 1 of camera pair 7\); download it"):
        open_dataset(small)


def test_refuses(small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(MaskreidError, match="split is 2; CUHK03 has 2, numbered from 0"):
        open_dataset(small, split=2)
    archive = tmp_path / "release.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.write(small, "cuhk03_release/cuhk-03.mat")
    with pytest.raises(MaskreidError, match="cannot be read inside a zip; unpack it"):
        open_dataset(archive)
    other = tmp_path / "other" / "cuhk-03.mat"
    other.parent.mkdir()
    other.write_bytes(b"MATLAB 5.0 MAT-file")
    with pytest.raises(MaskreidError, match=r"not a MATLAB 7\.3 file"):
        open_dataset(other)
    with h5py.File(other, "w") as file:
        file["labeled"] = 1
    with pytest.raises(MaskreidError, match="missing detected, testsets"):
        open_dataset(other)

    def no_h5py(name: str, *rest: object) -> object:
        if name == "h5py":
            raise ImportError
        return real(name, *rest)

    real = builtins.__import__
    monkeypatch.setattr(builtins, "__import__", no_h5py)
    with pytest.raises(MaskreidError, match=r"pip install 'maskreid\[cuhk03\]'"):
        open_dataset(small)


def test_the_first_five_images_of_a_person_ask_and_the_others_answer(small: Path) -> None:
    dataset = open_dataset(small)
    for split, columns in (("query", range(1, 6)), ("gallery", range(6, 11))):
        found = {int(Path(image.path).stem.split("_")[1]) for image in dataset.splits[split]}
        assert found == set(columns)
    for images in dataset.splits.values():
        assert all(image.camera == (1 if int(Path(image.path).stem[-2:]) <= 5 else 2) for image in images)


def test_test_sets_are_numbered_from_0(small: Path) -> None:
    source = Cuhk03Source(small)
    for split in (-1, 2):
        with pytest.raises(MaskreidError, match=f"split is {split}; CUHK03 has 2, numbered from 0"):
            source.test_set(split)


@pytest.mark.parametrize(
    "pixels", [np.zeros((4, 4, 6), np.uint8), np.zeros((3, 4, 6)), np.zeros((3, 4, 6, 2), np.uint8)]
)
def test_a_cell_that_is_no_picture_in_colour_is_named(small: Path, pixels: np.ndarray) -> None:
    with h5py.File(small, "a") as file:
        file[file["labeled"][0, 0]][0, 3] = file.create_dataset("odd", data=pixels).ref
    with pytest.raises(MaskreidError, match=r"labeled/1/0004_01\.png is no RGB image, but .* of shape"):
        Cuhk03Source(small).read("labeled/1/0004_01.png")
