from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest

from maskreid.errors import MaskreidError
from maskreid.retrieval import Features, join_features

UNIT = np.eye(3, dtype=np.float32)
ONES = np.ones(3, np.int64)


def test_converts_once() -> None:
    features = Features(np.eye(3, dtype=np.float16), np.array([1, 2, 3], np.int16), np.zeros(3, np.uint8))
    assert (features.vectors.dtype, features.identities.dtype, features.cameras.dtype) == (
        np.float32,
        np.int64,
        np.int64,
    )
    assert len(features) == 3


@pytest.mark.parametrize("scale", [1e-30, 1e-3, 1, 1e30])
def test_normalised_rows_have_length_one_at_any_scale(scale: float) -> None:
    vectors = np.random.default_rng(0).normal(size=(5, 7)) * scale
    features = Features.normalised(vectors, np.arange(5), np.arange(5), ("a", "b", "c", "d", "e"), "m")
    assert np.linalg.norm(features.vectors.astype(np.float64), axis=1) == pytest.approx(np.ones(5), abs=1e-6)
    expected = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    assert features.vectors == pytest.approx(expected, abs=1e-6)
    assert (features.paths, features.model) == (("a", "b", "c", "d", "e"), "m")


def test_no_rows_are_allowed_until_they_are_ranked() -> None:
    assert len(Features.normalised(np.empty((0, 4)), [], [])) == 0


@pytest.mark.parametrize(
    ("vectors", "identities", "cameras", "paths", "message"),
    [
        (np.ones(3), ONES, ONES, (), r"shape \(N, D\); got shape \(3,\)"),
        (np.empty((3, 0)), ONES, ONES, (), r"got shape \(3, 0\)"),
        (np.eye(3).astype(str), ONES, ONES, (), "expected real numbers"),
        (np.eye(3).astype(complex), ONES, ONES, (), "expected real numbers"),
        (UNIT * [[1], [np.nan], [1]], ONES, ONES, (), "row 1 holds NaN"),
        (UNIT * [[1], [1], [1e300]], ONES, ONES, (), "row 2 holds NaN or infinity"),
        (UNIT * [[1], [1], [2]], ONES, ONES, (), "row 2 has length 2, expected 1 .*Features.normalised"),
        (UNIT, ONES[:2], ONES, (), r"expected 3 identities, one per row; got shape \(2,\)"),
        (UNIT, ONES, ONES[:, None], (), "expected 3 cameras"),
        (UNIT, ONES * 1.5, ONES, (), "whole numbers as identities"),
        (UNIT, np.array([1, -2, 1]), ONES, (), "identities start at -1; row 1 has -2"),
        (UNIT, ONES, np.array([1, 1, -3]), (), "cameras start at -1; row 2 has -3"),
        (UNIT, ONES, ONES, ("a",), "expected 3 paths"),
    ],
)
def test_refuses(vectors, identities, cameras, paths, message: str) -> None:
    with pytest.raises(MaskreidError, match=message):
        Features(vectors, identities, cameras, paths)


def test_a_zero_row_is_named() -> None:
    vectors = UNIT * [[1], [0], [1]]
    with pytest.raises(MaskreidError, match="row 1 is all zeros"):
        Features.normalised(vectors, ONES, ONES)
    with pytest.raises(MaskreidError, match=r"row 1 \(b.jpg\)"):
        Features.normalised(vectors, ONES, ONES, ("a.jpg", "b.jpg", "c.jpg"))


@pytest.mark.parametrize("paths", [(), ("a/ü.jpg", "b.jpg", "c.jpg")])
def test_saved_features_come_back(tmp_path, paths) -> None:
    features = Features(UNIT, np.array([-1, 0, 5]), np.array([-1, 1, 2]), paths, "abc")
    file = tmp_path / "new" / "query.npz"
    features.save(file)
    features.save(file)
    loaded = Features.load(file)
    assert np.array_equal(loaded.vectors, UNIT)
    assert loaded.identities.tolist() == [-1, 0, 5]
    assert loaded.cameras.tolist() == [-1, 1, 2]
    assert (loaded.paths, loaded.model) == (paths, "abc")
    assert [each.name for each in file.parent.iterdir()] == ["query.npz"], "no temporary file is left"


def test_loads_files_made_elsewhere(tmp_path) -> None:
    np.savez(tmp_path / "f.npz", features=UNIT, identities=ONES, cameras=ONES)
    assert Features.load(tmp_path / "f.npz").paths == ()
    np.savez(tmp_path / "f.npz", features=UNIT, identities=ONES, cameras=ONES, paths=np.array("one.jpg"))
    with pytest.raises(MaskreidError, match="expected 3 paths, one per row, or none; got 1"):
        Features.load(tmp_path / "f.npz")


def test_a_failed_save_leaves_the_old_file(tmp_path, small_disk: None) -> None:
    file = tmp_path / "f.npz"
    Features(UNIT, ONES, ONES).save(file)
    before = file.read_bytes()
    large = Features(np.repeat(UNIT, 9999, axis=0), np.repeat(ONES, 9999), np.repeat(ONES, 9999))
    with pytest.raises(MaskreidError, match=r"f\.npz: cannot be written \(File too large\); make room"):
        large.save(file)
    assert file.read_bytes() == before
    assert list(tmp_path.iterdir()) == [file]


def test_load_says_what_is_wrong(tmp_path) -> None:
    with pytest.raises(MaskreidError, match="no such file"):
        Features.load(tmp_path / "none.npz")
    whole = tmp_path / "whole.npz"
    Features(UNIT, ONES, ONES).save(whole)
    for name, content in {"empty": b"", "text": b"hello", "half": whole.read_bytes()[:300]}.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(MaskreidError, match="not a features file"):
            Features.load(tmp_path / name)
    with zipfile.ZipFile(tmp_path / "endless.npz", "w") as archive:
        header = io.BytesIO()
        written = {"descr": "<f4", "fortran_order": False, "shape": (10**15, 4)}
        np.lib.format.write_array_header_1_0(header, written)
        archive.writestr("features.npy", header.getvalue())
    with pytest.raises(MaskreidError, match="not a features file"):
        Features.load(tmp_path / "endless.npz")
    np.save(tmp_path / "one.npy", UNIT)
    with pytest.raises(MaskreidError, match="not a features file"):
        Features.load(tmp_path / "one.npy")
    np.savez(tmp_path / "short.npz", features=UNIT, identities=ONES)
    with pytest.raises(MaskreidError, match="missing cameras"):
        Features.load(tmp_path / "short.npz")
    np.savez(tmp_path / "long.npz", features=UNIT * 3, identities=ONES, cameras=ONES)
    with pytest.raises(MaskreidError, match=r"long.npz: .*expected 1"):
        Features.load(tmp_path / "long.npz")


def test_joined_features_of_two_models_have_the_mean_of_their_cosines() -> None:
    rng = np.random.default_rng(0)
    one, two = (
        Features.normalised(rng.normal(size=(6, width)), np.arange(6), ONES.repeat(2), tuple("abcdef"), name)
        for width, name in ((4, "one"), (9, "two"))
    )
    both = join_features([one, two])
    mean = (one.vectors @ one.vectors.T + two.vectors @ two.vectors.T) / 2
    assert both.vectors @ both.vectors.T == pytest.approx(mean, abs=1e-6)
    assert (both.vectors.shape, both.paths, both.model) == ((6, 13), tuple("abcdef"), "one+two")


def test_no_features_are_not_joined() -> None:
    with pytest.raises(MaskreidError, match=r"models: expected at least 1, got 0"):
        join_features([])


@pytest.mark.parametrize("other", [[1, 2, 4], [1, 2, 3, 3]])
def test_features_of_other_images_are_not_joined(other: list[int]) -> None:
    one, two = (Features(np.eye(4)[: len(ids)], ids, np.ones(len(ids), int)) for ids in ([1, 2, 3], other))
    with pytest.raises(MaskreidError, match="the same 3 images"):
        join_features([one, two])
