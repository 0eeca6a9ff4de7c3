"""The same gallery in a bucket: a real S3 server, SeaweedFS, on this machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from pyarrow.fs import S3FileSystem
from running import maskreid, write
from test_gallery_commands import ADD, WORLD

from maskreid.gallery.schema import TABLE
from maskreid.images import open_dataset


def test_a_gallery_in_a_bucket(place: str, tmp_path: Path) -> None:
    """Two writers at once, a search, a removal, a check; what is said on disk is said here."""
    gallery, photos = f"{place}/cameras", tmp_path / "Market-1501"
    write(WORLD, photos)
    maskreid("gallery", "create", gallery, "--model", "market1501-compact", "--masks", "none")
    writers = [
        subprocess.Popen([sys.executable, "-c", ADD, gallery, photos, "-1"], stderr=subprocess.PIPE) for _ in range(2)
    ]
    for writer in writers:
        assert writer.wait() == 0, writer.communicate()[1]
    images = {image.path for split in open_dataset(photos).splits.values() for image in split}
    count = len({(photos / path).read_bytes() for path in images})
    # One of the two may have been overtaken by the other's commit, and have written its rows again.
    found = maskreid("gallery", "verify", gallery, code=None).stdout
    assert found.startswith(f"{gallery}: {count} entries")
    assert [line for line in found.splitlines()[1:] if "belong to no version" not in line] == []
    assert "0 added" in maskreid("gallery", "add", gallery, photos).stdout
    query = photos / WORLD.splits["query"][0].path
    done = maskreid("gallery", "search", gallery, query, "--top", "3", "--json")
    best = json.loads(done.stdout)["answers"][0]
    assert best["similarity"] == pytest.approx(1, abs=1e-4)
    leave_a_file(f"people/cameras/{TABLE}.lance/data/stray.lance")
    removal = ["gallery", "remove", gallery, "--id", best["id"], "--yes"]
    assert "1 entries removed" in maskreid(*removal).stdout
    assert "in a bucket with --alone" in maskreid("gallery", "verify", gallery, code=1).stdout
    assert "0 entries removed" in maskreid(*removal, "--alone").stdout
    assert f"{count - 1} entries, 1 version" in maskreid("gallery", "verify", gallery).stdout


def leave_a_file(path: str) -> None:
    """As a writer does that is overtaken between writing its rows and committing them."""
    keys = {"access_key": os.environ["AWS_ACCESS_KEY_ID"], "secret_key": os.environ["AWS_SECRET_ACCESS_KEY"]}
    store = S3FileSystem(endpoint_override=os.environ["AWS_ENDPOINT"].removeprefix("http://"), scheme="http", **keys)
    with store.open_output_stream(path) as file:
        file.write(b"rows")


def test_a_bucket_that_is_not_there_or_not_ours(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    maskreid("gallery", "create", f"{place}/locked", "--model", "market1501-compact", "--masks", "none")
    for address, keys in (
        ("s3://nobody/here", {}),
        (f"{place}/locked", {"AWS_SECRET_ACCESS_KEY": "wrong"}),
        (f"{place}/empty", {}),
    ):
        with monkeypatch.context() as changed:
            for name, value in keys.items():
                changed.setenv(name, value)
            done = maskreid("gallery", "list", address, code=2)
        assert address in done.stderr
        assert done.stderr.count("\n") == 1
        if keys:
            assert "there is no gallery" not in done.stderr, "it is there, only not for these keys"
