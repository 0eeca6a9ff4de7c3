"""One file with everything, whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from models import MIN_SHARE, made
from safetensors import safe_open

from maskreid import threads
from maskreid.embedding import Embedder, embed_dataset
from maskreid.embedding.unfinished import Unfinished
from maskreid.errors import MaskreidError
from maskreid.images import Dataset, Folder, PersonImage, Source, parts
from maskreid.progress import Progress
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
            assert list(features.paths) == [image.path for image in world.splits[split]]
            assert features.model == embedder.model.fingerprint
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


class CutError(Exception):
    """The end of a process, as a test can stand it."""


def cut_after(count: int) -> Progress:
    def progress(items: Iterable[Any], *, total: int, what: str, unit: str) -> Iterator[Any]:
        for number, item in enumerate(items):
            if what.startswith("embedding") and number == count:
                raise CutError
            yield item

    return progress


class Counting:
    """An embedder that counts what it embeds."""

    def __init__(self, embedder: Embedder) -> None:
        self.inner, self.count = embedder, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def __str__(self) -> str:
        return str(self.inner)

    def __call__(self, source: Source, images: list[PersonImage], native: Any) -> Any:
        self.count += len(images)
        return self.inner(source, images, native)


@pytest.fixture
def photos(world: Dataset, tmp_path: Path) -> Dataset:
    for member in world.source.members():
        (tmp_path / "photos" / member).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "photos" / member).write_bytes(world.source.read(member))
    return replace(world, source=Folder(tmp_path / "photos"), splits={"gallery": world.splits["gallery"][:10]})


@pytest.mark.parametrize("changed", ["", "image", "mask"])
def test_the_same_call_continues(
    embedder: Embedder, photos: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: str
) -> None:
    monkeypatch.setattr(parts, "MOST", 3)
    monkeypatch.setattr(threads, "AT_ONCE", 1)
    monkeypatch.setattr(threads, "thread_count", lambda: 1)
    out, counting = tmp_path / "f.npz", Counting(embedder)
    with pytest.raises(CutError):
        embed_dataset(counting, photos, out, progress=cut_after(8))  # type: ignore[arg-type]
    (unfinished,) = tmp_path.glob(".f.npz.*")
    with (unfinished / "features").open("ab") as file:
        file.write(b"half a row, not counted")
    assert not out.exists()
    if changed:
        files = [image.path if changed == "image" else image.mask for image in photos.splits["gallery"]]
        first, *_, last = (tmp_path / "photos" / str(file) for file in files)
        first.write_bytes(last.read_bytes())
    counting.count = 0
    # One image less at the end changes nothing of what is done.
    shorter = replace(photos, splits={"gallery": photos.splits["gallery"][:9]})
    embed_dataset(counting, shorter, out)  # type: ignore[arg-type]
    assert counting.count == (9 if changed else 3)
    embed_dataset(embedder, shorter, tmp_path / "whole.npz")
    with np.load(out) as found, np.load(tmp_path / "whole.npz") as whole:
        assert set(found.files) == set(whole.files)
        for name in whole.files:
            np.testing.assert_array_equal(found[name], whole[name])
    assert not list(tmp_path.glob(".f.npz.*"))


def test_other_settings_do_not_continue(embedder: Embedder, photos: Dataset, tmp_path: Path) -> None:
    folder = tmp_path / ".f.npz.unfinished"
    with Unfinished(folder, "some", {"features": ("<f4", (2,))}) as kept:
        kept.append({"features": np.ones((4, 2))}, "digest")
    with Unfinished(folder, "some", {"features": ("<f4", (2,))}) as kept:
        assert kept.done == 4
        np.testing.assert_array_equal(kept.arrays()["features"], np.ones((4, 2)))
        with pytest.raises(MaskreidError, match="another process is writing there"):
            embed_dataset(embedder, photos, tmp_path / "f.npz")
    with Unfinished(folder, "some", {"features": ("<f4", (3,))}) as kept:
        assert kept.done == 0
    assert not folder.exists()


def test_rows_that_were_overwritten_do_not_count_again(tmp_path: Path) -> None:
    """A run with other settings is killed after its first rows are written, before they count."""
    folder, rows = tmp_path / ".f.npz.unfinished", {"features": ("<f4", (2,))}
    with Unfinished(folder, "some", rows) as kept:
        kept.append({"features": np.ones((4, 2))}, "digest")
    with Unfinished(folder, "others", rows) as kept:
        (folder / "features").write_bytes(b"\0" * 8)
        kept.done = 1  # as far as the disk goes, this process is killed: the folder is left as it is
    with Unfinished(folder, "some", rows) as kept:
        assert kept.done == 0


def test_features_are_not_written_over_a_model(embedder: Embedder, world: Dataset, tmp_path: Path) -> None:
    (tmp_path / "mine.json").write_text("{}")
    with pytest.raises(MaskreidError, match=r"mine\.safetensors: lies beside a model card"):
        embed_dataset(embedder, world, tmp_path / "mine.safetensors")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.json"]


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


def one_after_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """Images are embedded by threes, and no more are read ahead than have to be."""
    monkeypatch.setattr(parts, "MOST", 3)
    monkeypatch.setattr(threads, "AT_ONCE", 1)
    monkeypatch.setattr(threads, "thread_count", lambda: 1)


@pytest.mark.parametrize("more", [1, 0, -1])
def test_what_was_done_counts_unless_less_is_asked_for(
    embedder: Embedder, photos: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: int
) -> None:
    one_after_another(monkeypatch)
    out, counting = tmp_path / "f.npz", Counting(embedder)
    with pytest.raises(CutError):
        embed_dataset(counting, photos, out, progress=cut_after(8))  # type: ignore[arg-type]
    done, counting.count = counting.count, 0
    assert 0 < done < 8
    others = replace(photos, splits={"gallery": photos.splits["gallery"][: done + more]})
    assert embed_dataset(counting, others, out) == {"gallery": done + more}  # type: ignore[arg-type]
    assert counting.count == {1: 1, 0: 0, -1: done - 1}[more]


@pytest.mark.parametrize("other", ["model", "masks", "precision"])
def test_rows_of_another_model_or_precision_or_under_other_masks_are_not_continued(
    embedder: Embedder, photos: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, other: str
) -> None:
    one_after_another(monkeypatch)
    out = tmp_path / "f.npz"
    with pytest.raises(CutError):
        embed_dataset(embedder, photos, out, progress=cut_after(8))
    assert (tmp_path / ".f.npz.unfinished").exists()
    masks = "none" if other == "masks" else None
    changed = Embedder(made("dataset", flip=other == "model"), masks=masks, backend="torch", precision="float32")
    if other == "precision":
        changed.precision = "bfloat16"  # which not every processor has
    counting = Counting(changed)
    embed_dataset(counting, photos, out)  # type: ignore[arg-type]
    assert counting.count == 10


def test_a_split_that_is_named_twice_is_written_once_and_masks_if_asked_for(
    embedder: Embedder, world: Dataset, tmp_path: Path
) -> None:
    few = replace(world, splits={"gallery": world.splits["gallery"][:3]})
    assert embed_dataset(embedder, few, tmp_path / "F.NPZ", splits=["gallery", "gallery"]) == {"gallery": 3}
    with np.load(tmp_path / "F.NPZ") as file:
        arrays = {"features", "coverage", "identities", "cameras", "paths"}
        assert set(file.files) == {"model", *(f"gallery_{name}" for name in arrays)}
        assert file["gallery_features"].shape == (3, 16)


def test_numbers_begin_where_a_processor_reads_them_whole(embedder: Embedder, world: Dataset, tmp_path: Path) -> None:
    """In safetensors after a multiple of 8 bytes, however long the paths before them are."""
    for count in (1, 2, 3):
        few = replace(world, splits={"gallery": world.splits["gallery"][:count]})
        embed_dataset(embedder, few, tmp_path / "f.safetensors")
        assert int.from_bytes((tmp_path / "f.safetensors").read_bytes()[:8], "little") % 8 == 0
