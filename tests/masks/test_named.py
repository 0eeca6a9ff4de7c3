from __future__ import annotations

from pathlib import Path

from maskreid.masks.named import NAMES, still_there


def test_masks_are_there_as_long_as_their_folder_holds_one(tmp_path: Path) -> None:
    assert all(map(still_there, NAMES))
    folder = tmp_path / "masks"
    assert not still_there(str(folder))
    (folder / "sub").mkdir(parents=True)
    (folder / "notes.txt").write_text("no mask")
    assert not still_there(str(folder))
    (folder / "sub" / "A.PNG").write_bytes(b"one")  # as `FolderMasks` takes it
    assert still_there(str(folder))
