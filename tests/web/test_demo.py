"""The demo ends with a gallery to search."""

from __future__ import annotations

from pathlib import Path

from made_up import save

from maskreid.demo import demo_gallery
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
