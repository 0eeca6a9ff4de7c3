from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import safetensors.torch

from maskreid.errors import MaskreidError
from maskreid.images import PersonImage
from maskreid.masks import DatasetMasks, FcnMasks, FolderMasks, load_segmenter, mask_source
from maskreid.masks.named import NAMES, refuse_shared, still_there


def test_masks_are_there_as_long_as_their_folder_holds_one(tmp_path: Path) -> None:
    assert all(map(still_there, NAMES))
    folder = tmp_path / "masks"
    assert not still_there(str(folder))
    (folder / "sub").mkdir(parents=True)
    (folder / "notes.txt").write_text("no mask")
    assert not still_there(str(folder))
    (folder / "sub" / "A.PNG").write_bytes(b"one")  # as `FolderMasks` takes it
    assert still_there(str(folder))


def test_names_mean_masks(tmp_path: Path) -> None:
    (tmp_path / "1.png").write_bytes(b"a mask")
    assert mask_source("none") is None
    for name, kind in (("fcn", FcnMasks), ("dataset", DatasetMasks), (str(tmp_path), FolderMasks)):
        assert isinstance(mask_source(name), kind)
    with pytest.raises(MaskreidError, match=r"masks 'fnc': expected fcn, dataset, none, .*; did you mean fcn\?"):
        mask_source("fnc")
    with pytest.raises(MaskreidError, match=r"masks '': expected fcn, .*\.safetensors$"):
        mask_source("")


def test_another_segmenter_by_its_file(tmp_path: Path) -> None:
    state = load_segmenter().state_dict()
    changed = {name: value * 2 if value.ndim > 1 else value for name, value in state.items()}
    path = tmp_path / "own.safetensors"
    path.write_bytes(safetensors.torch.save({name: value.contiguous() for name, value in changed.items()}))
    assert still_there(str(path))
    own, shipped = mask_source(str(path)), mask_source("fcn")
    assert own
    assert shipped
    assert own.name != shipped.name
    picture = np.random.default_rng(0).integers(0, 256, (32, 16, 3), dtype=np.uint8)
    assert own(None, [PersonImage("a", 1)], [picture])[0].shape == (32, 16)  # type: ignore[arg-type]
    path.write_bytes(b"damaged")
    assert mask_source(str(path)) is not None, "a process reads it once"
    for content, message in ((b"other", "no segmenter; maskreid masks train writes one"), (None, "cannot be read")):
        other = tmp_path / "other.safetensors"
        other.unlink(missing_ok=True)
        if content:
            other.write_bytes(content)
        with pytest.raises(MaskreidError, match=message):
            mask_source(str(other))


def test_one_mask_for_two_images_of_different_splits_is_refused(tmp_path: Path) -> None:
    (tmp_path / "0001.png").write_bytes(b"a mask")
    query, gallery = PersonImage("q/0001.jpg", 1), PersonImage("g/0001.jpg", 2)
    refuse_shared(str(tmp_path), [query, query])
    refuse_shared("fcn", [query, gallery])
    with pytest.raises(MaskreidError, match=r"0001\.png is named after both q/0001\.jpg and g/0001\.jpg"):
        refuse_shared(str(tmp_path), [query, gallery])
