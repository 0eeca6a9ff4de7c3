"""The demo ends with a gallery to search."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from made_up import save
from running import maskreid, refused, write

from maskreid import demo
from maskreid.demo import demo_gallery, run_demo
from maskreid.errors import MaskreidError
from maskreid.gallery import Gallery
from maskreid.images import Dataset


def test_the_demos_gallery_follows_its_model(tmp_path: Path, world: Dataset) -> None:
    save(tmp_path / "model")
    path = demo_gallery(world, tmp_path)
    assert path == tmp_path / "gallery"
    first = Gallery(path)
    assert len(first) == len({image.path for image in world.splits["gallery"]})
    again = demo_gallery(world, tmp_path)
    assert again
    assert Gallery(again).settings == first.settings
    save(tmp_path / "model", seed=1)
    changed = demo_gallery(world, tmp_path)
    assert changed
    assert Gallery(changed).settings.fingerprint != first.settings.fingerprint
    assert len(Gallery(changed)) == len(first)


def test_what_is_not_the_demos_is_not_deleted(tmp_path: Path, world: Dataset) -> None:
    save(tmp_path / "model")
    (tmp_path / "gallery").mkdir()
    (tmp_path / "gallery" / "photo.jpg").write_bytes(b"mine")
    with pytest.raises(MaskreidError, match="is not the gallery of a demo"):
        demo_gallery(world, tmp_path)
    assert (tmp_path / "gallery" / "photo.jpg").read_bytes() == b"mine"
    (tmp_path / "gallery" / "photo.jpg").unlink()
    mine = Gallery.create(tmp_path / "gallery", save(tmp_path / "other", seed=1))
    with pytest.raises(MaskreidError, match="not of a demo in"):
        demo_gallery(world, tmp_path)
    assert Gallery(tmp_path / "gallery").settings == mine.settings


def test_a_gallery_of_somebody_else_is_refused_before_training(tmp_path: Path) -> None:
    Gallery.create(tmp_path / "gallery", save(tmp_path / "other"))
    assert "choose another --out" in refused("demo", "--out", tmp_path)
    assert not (tmp_path / "log.jsonl").exists()


def test_a_demo_may_be_moved(tmp_path: Path, world: Dataset) -> None:
    first = tmp_path / "first"
    first.mkdir()
    save(first / "model")
    demo_gallery(world, first)
    moved = first.rename(tmp_path / "second")
    again = demo_gallery(world, moved)
    assert again
    assert len(Gallery(again)) == len({image.path for image in world.splits["gallery"]})
    said = refused("gallery", "search", again, moved / "model.json")
    assert "--model says where" in said
    save(moved / "model", seed=1)
    with pytest.raises(MaskreidError, match="not of a demo in"):
        demo_gallery(world, moved)


def test_what_cannot_be_searched_is_refused_before_training(tmp_path: Path, world: Dataset) -> None:
    for split in ("train", "query", "gallery"):
        without = replace(world, splits={name: images for name, images in world.splits.items() if name != split})
        with pytest.raises(MaskreidError, match=f"a demo needs train, query and gallery, found no {split}"):
            run_demo(without, tmp_path / "demo")
    assert not (tmp_path / "demo").exists()


def test_the_command_says_where_to_look(world: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`make demo` is the same with 600 iterations."""
    schedule = replace(demo.DEMO_RECIPE.schedule, iterations=2, warm_up=1)
    batch = replace(demo.DEMO_RECIPE.batch, identities=6)
    monkeypatch.setattr(demo, "DEMO_RECIPE", replace(demo.DEMO_RECIPE, schedule=schedule, batch=batch))
    write(world, tmp_path / "data")
    out = tmp_path / "demo"
    said = maskreid("demo", "--data", tmp_path / "data", "--out", out).stdout
    assert "| single query, re-ranked " in said
    assert f"serve {out / 'gallery'} --run {out} --data {tmp_path / 'data'}" in said
