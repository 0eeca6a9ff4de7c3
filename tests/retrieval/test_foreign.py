"""Anybody's files: every layout that is read gives the same features, every bad one a line that says why."""

from __future__ import annotations

import contextlib
import os
import pickle
import random
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from safetensors.numpy import save_file
from scipy.io import savemat

from maskreid.errors import MaskreidError
from maskreid.retrieval import Features, read_features, save_folder
from maskreid.retrieval.foreign import holds_features

LAYUMI = {"features": "f", "identities": "label", "cameras": "cam"}
TORCHREID = {"features": "{}f", "identities": "{}_pids", "cameras": "{}_camids"}


@pytest.fixture
def arrays() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    made = {}
    for part, count in (("query", 4), ("gallery", 9), ("multi_query", 6)):
        made[f"{part}_features"] = rng.normal(size=(count, 5)).astype(np.float32)
        made[f"{part}_identities"] = np.arange(count) % 4 + 1
        made[f"{part}_cameras"] = np.full(count, {"query": 1, "gallery": 2, "multi_query": 1}[part])
    made["gallery_identities"][:2] = -1, 0
    return made


def renamed(arrays: dict[str, np.ndarray], names: str) -> dict[str, np.ndarray]:
    result = {}
    for key, array in arrays.items():
        part, kind = key.rsplit("_", 1)
        if names == "layumi":
            result[f"{'mquery' if part == 'multi_query' else part}_{LAYUMI[kind]}"] = array
        elif names == "torchreid":
            if part != "multi_query":
                result[TORCHREID[kind].format(part[0])] = array
        else:
            result[key] = array
    return result


def assert_read(found, arrays: dict[str, np.ndarray]) -> None:
    for part, features in {"query": found.query, "gallery": found.gallery, "multi_query": found.boxes}.items():
        if features is None:
            assert part == "multi_query"
            continue
        vectors = arrays[f"{part}_features"]
        assert features.vectors == pytest.approx(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), abs=1e-6)
        assert features.identities.tolist() == arrays[f"{part}_identities"].tolist()
        assert features.cameras.tolist() == arrays[f"{part}_cameras"].tolist()


@pytest.mark.parametrize("names", ["ours", "layumi", "torchreid"])
@pytest.mark.parametrize("suffix", [".npz", ".safetensors", ".mat", ".NPZ"])
def test_every_format_and_every_names(tmp_path: Path, arrays, suffix: str, names: str) -> None:
    path = tmp_path / f"features{suffix}"
    named = renamed(arrays, names)
    if suffix == ".safetensors":
        save_file(named, path)
    elif suffix == ".mat":  # savemat writes rows of shape (1, N), as layumi's files have them
        savemat(path, named)
    else:
        with path.open("wb") as file:
            np.savez(file, **named)
    found = read_features(path)
    assert_read(found, arrays)
    assert (found.boxes is None) == (names == "torchreid")
    assert found.notes == ("rows were divided by their length",)


def test_paths_come_along(tmp_path: Path, arrays) -> None:
    paths = [f"{number}.jpg" for number in range(4)]
    for given in (paths, [path.encode() for path in paths]):
        np.savez(tmp_path / "f.npz", **arrays, query_paths=given)
        assert read_features(tmp_path / "f.npz").query.paths == tuple(paths)


def test_the_model_comes_along(tmp_path: Path, arrays) -> None:
    np.savez(tmp_path / "f.npz", **arrays, model=np.array("abc"))
    save_file(arrays, tmp_path / "f.safetensors", {"model": "abc"})
    for name in ("f.npz", "f.safetensors"):
        found = read_features(tmp_path / name)
        assert (found.query.model, found.gallery.model, found.boxes.model) == ("abc", "abc", "abc")
    for other in (np.arange(3), np.array({"no": "text"}, object)):
        np.savez(tmp_path / "f.npz", **arrays, model=other)
        found = read_features(tmp_path / "f.npz")
        assert found.query.model == ""


def test_a_card_makes_a_model_of_safetensors_only(tmp_path: Path, arrays) -> None:
    np.savez(tmp_path / "f.npz", **arrays)
    save_file(arrays, tmp_path / "f.safetensors")
    assert holds_features(tmp_path / "f.safetensors")
    (tmp_path / "f.json").write_text("{}")
    assert holds_features(tmp_path / "f.npz")
    assert not holds_features(tmp_path / "f.safetensors")


def test_half_precision_and_matlabs_doubles(tmp_path: Path, arrays) -> None:
    as_saved = {
        key: array.astype(np.float16) if key.endswith("features") else array[:, None].astype(float)
        for key, array in arrays.items()
    }
    np.savez(tmp_path / "f.npz", **as_saved)
    found = read_features(tmp_path / "f.npz")
    assert found.gallery.identities.tolist() == arrays["gallery_identities"].tolist()
    assert found.query.vectors.dtype == np.float32


def test_people_numbered_from_0_are_not_taken_for_distractors(tmp_path: Path, arrays) -> None:
    arrays["query_identities"] = np.array([0, 1, 2, 3])
    np.savez(tmp_path / "f.npz", **arrays)
    found = read_features(tmp_path / "f.npz")
    assert found.query.identities.tolist() == [1, 2, 3, 4]
    assert found.gallery.identities.tolist()[:4] == [-1, 1, 4, 5], "junk stays junk"
    assert "raised by one" in found.notes[1]
    in_bytes = {key: array.astype(np.uint8) if "identities" in key else array for key, array in arrays.items()}
    in_bytes["gallery_identities"][:2] = 255, 0
    np.savez(tmp_path / "f.npz", **in_bytes)
    assert read_features(tmp_path / "f.npz").gallery.identities.tolist()[:2] == [256, 1], "no number starts again"


def test_a_folder_of_ours(tmp_path: Path, arrays) -> None:
    parts = [
        Features.normalised(*(arrays[f"{part}_{kind}"] for kind in ("features", "identities", "cameras")))
        for part in ("query", "gallery", "multi_query")
    ]
    written = save_folder(tmp_path, *parts)
    assert sorted(tmp_path.iterdir()) == sorted(written)
    found = read_features(tmp_path)
    assert_read(found, arrays)
    assert found.notes == ()
    save_folder(tmp_path, *parts[:2])
    assert read_features(tmp_path).boxes is None, "boxes of an earlier test do not stay"
    (tmp_path / "query.npz").unlink()
    with pytest.raises(MaskreidError, match=r"expected query.npz and gallery.npz, .*no query.npz$"):
        read_features(tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"query_cameras": None}, r"expected query_features, .*; missing query_cameras; found .*gallery_features"),
        ({"multi_query_cameras": None}, "missing multi_query_cameras"),
        ({"qf": np.ones((4, 5))}, "holds query_features twice, once as qf"),
        ({"query_identities": np.arange(3)}, r"f.npz: query features: expected 4 identities, one per row; got"),
        ({"query_identities": np.array([0.5, 1, 2, 3])}, "expected whole numbers as identities, got float64"),
        ({"gallery_cameras": np.array(["a"] * 9)}, "gallery features: expected whole numbers as cameras"),
        ({"gallery_features": np.zeros((9, 5))}, "gallery features: row 0 is all zeros"),
        ({"query_features": np.full((4, 5), np.nan)}, "row 0 holds NaN"),
        ({"query_features": np.ones(4)}, r"expected one row per image, shape \(N, D\)"),
        ({"query_features": np.ones((4, 5), complex)}, "expected real numbers"),
        ({"query_features": np.full((4, 5), None)}, "not a .npz file of plain arrays"),
        ({"query_paths": np.array(["a"])}, "expected 4 paths"),
    ],
)
def test_says_what_is_wrong_inside(tmp_path: Path, arrays, change, message: str) -> None:
    changed = {key: value for key, value in (arrays | change).items() if value is not None}
    np.savez(tmp_path / "f.npz", **changed)
    with pytest.raises(MaskreidError, match=message) as error:
        read_features(tmp_path / "f.npz")
    assert "\n" not in str(error.value)


class Trap:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self):
        return os.mkdir, (str(self.folder),)


@pytest.mark.parametrize("name", ["f.pkl", "f.npy", "f.pth", "f.npz", "f"])
def test_pickles_are_never_opened(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(pickle.dumps(Trap(tmp_path / "sprung")))
    with pytest.raises(MaskreidError, match=r"numpy.savez \(docs/evaluation.md\)"):
        read_features(tmp_path / name)
    np.savez(tmp_path / "o.npz", query_features=np.array([Trap(tmp_path / "sprung")], dtype=object))
    with pytest.raises(MaskreidError, match="file of plain arrays"):
        read_features(tmp_path / "o.npz")
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("suffix", [".npz", ".safetensors", ".mat"])
def test_missing_empty_and_other_files(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"f{suffix}"
    with pytest.raises(MaskreidError, match="no such file"):
        read_features(path)
    for content in (b"", b"hello", b"MATLAB 7.3 MAT-file, Platform" + b" " * 95 + b"\x00\x02IM" + b"\x89HDF" * 100):
        path.write_bytes(content)
        with pytest.raises(MaskreidError, match=r"f\.\w+: ") as error:
            read_features(path)
        assert "\n" not in str(error.value)
    if suffix == ".mat":
        assert "7.3" in str(error.value)


def test_bfloat16_is_refused_with_what_to_store_instead(tmp_path: Path, arrays) -> None:
    tensors = {key: torch.from_numpy(array).bfloat16() for key, array in arrays.items()}
    safetensors.torch.save_file(tensors, tmp_path / "f.safetensors")
    with pytest.raises(MaskreidError, match="store float32 or float16, not bfloat16"):
        read_features(tmp_path / "f.safetensors")
    # With this package NumPy has bfloat16, and other extras bring it along.
    import ml_dtypes  # noqa: F401

    with pytest.raises(MaskreidError, match="store float32 or float16, not bfloat16"):
        read_features(tmp_path / "f.safetensors")


def test_an_array_alone_is_not_a_file_of_arrays(tmp_path: Path) -> None:
    np.save(tmp_path / "f.npy", np.ones((2, 2)))
    (tmp_path / "f.npy").rename(tmp_path / "f.npz")
    with pytest.raises(MaskreidError, match="one array in"):
        read_features(tmp_path / "f.npz")


@pytest.mark.parametrize("suffix", [".npz", ".safetensors", ".mat"])
def test_damaged_files_are_refused_or_read_never_a_crash(tmp_path: Path, arrays, suffix: str) -> None:
    path = tmp_path / f"f{suffix}"
    if suffix == ".safetensors":
        save_file(arrays, path)
    elif suffix == ".mat":
        savemat(path, arrays, do_compression=True)
    else:
        np.savez_compressed(path, **arrays)
    whole = path.read_bytes()
    rng = random.Random(0)
    for _ in range(150):
        damaged = bytearray(whole[: rng.randrange(len(whole))] if rng.random() < 0.3 else whole)
        for _ in range(rng.randrange(4)):
            if damaged:
                damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        path.write_bytes(damaged)
        with contextlib.suppress(MaskreidError):
            read_features(path)
