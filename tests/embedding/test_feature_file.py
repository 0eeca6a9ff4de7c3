"""One file with everything, whole or not at all."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from models import MIN_SHARE, made
from safetensors import safe_open

from maskreid.embedding import Embedder, embed_dataset
from maskreid.errors import MaskreidError
from maskreid.images import Dataset, PersonImage
from maskreid.retrieval import read_features
from maskreid.training import evaluate_model


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return Embedder(made("dataset"), backend="torch", precision="float32")


def test_both_formats_are_judged_like_the_model(embedder: Embedder, world: Dataset, tmp_path: Path) -> None:
    expected = evaluate_model(embedder.model, world, cache=tmp_path / "cache")
    splits = ("query", "gallery")
    for name in ("new/f.npz", "f.safetensors"):
        counts = embed_dataset(embedder, world, tmp_path / name, splits=splits)
        assert counts == {split: len(world.splits[split]) for split in splits}
        read = read_features(tmp_path / name)
        for split in splits:
            features = getattr(read, split)
            wanted = expected.features[split]
            np.testing.assert_allclose(features.vectors, wanted.vectors, atol=1e-5)
            np.testing.assert_array_equal(features.identities, wanted.identities)
            np.testing.assert_array_equal(features.cameras, wanted.cameras)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cache", "f.safetensors", "new"]


def test_masks_paths_and_coverage(embedder: Embedder, world: Dataset, tmp_path: Path) -> None:
    few = replace(world, splits={"gallery": world.splits["gallery"][:3]})
    for name in ("f.npz", "f.safetensors"):
        embed_dataset(embedder, few, tmp_path / name, masks=True)
    zipped = np.load(tmp_path / "f.npz")
    with safe_open(tmp_path / "f.safetensors", framework="numpy") as file:
        arrays = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        facts = file.metadata()
    paths = [image.path for image in few.splits["gallery"]]
    assert zipped["gallery_paths"].tolist() == json.loads(facts["gallery_paths"]) == paths
    assert str(zipped["model"]) == facts["model"] == embedder.model.fingerprint
    assert set(zipped.files) == {*arrays, "gallery_paths", "model"}
    for key, array in arrays.items():
        np.testing.assert_array_equal(array, zipped[key])
    assert arrays["gallery_masks"].shape == (3, 54, 36)
    shares = np.where(arrays["gallery_coverage"] < MIN_SHARE, 1, arrays["gallery_coverage"])  # the whole image
    np.testing.assert_allclose(arrays["gallery_masks"].mean((1, 2)), shares, atol=0.02)


def test_what_goes_wrong_leaves_nothing(embedder: Embedder, world: Dataset, tmp_path: Path) -> None:
    with pytest.raises(MaskreidError, match=r"features are written as \.npz or \.safetensors"):
        embed_dataset(embedder, world, tmp_path / "f.mat")
    with pytest.raises(MaskreidError, match="has no split 'val'"):
        embed_dataset(embedder, world, tmp_path / "f.npz", splits=["val"])
    missing = replace(world, splits={"gallery": (PersonImage("nobody.jpg", 1),)})
    with pytest.raises(MaskreidError, match=r"nobody\.jpg"):
        embed_dataset(embedder, missing, tmp_path / "f.npz")
    (tmp_path / "file").write_text("")
    with pytest.raises(MaskreidError, match=r"f\.npz: cannot be written"):
        embed_dataset(embedder, world, tmp_path / "file" / "f.npz")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
