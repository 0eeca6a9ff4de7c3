"""The same gallery in a bucket: a real S3 server, SeaweedFS, on this machine."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from pyarrow.fs import S3FileSystem
from running import new_process, write
from test_gallery_commands import ADD, WORLD

from maskreid.gallery.schema import TABLE
from maskreid.images import open_dataset


def test_a_gallery_in_a_bucket(bucket: tuple[str, dict[str, str]], tmp_path: Path) -> None:
    """Two writers at once, a search, a removal, a check; what is said on disk is said here."""
    place, env = bucket
    gallery, photos = f"{place}/cameras", tmp_path / "Market-1501"
    write(WORLD, photos)
    new_process("gallery", "create", gallery, "--model", "market1501-compact", "--masks", "none", env=env)
    writers = [
        subprocess.Popen([sys.executable, "-c", ADD, gallery, photos, "-1"], stderr=subprocess.PIPE, env=env)
        for _ in range(2)
    ]
    for writer in writers:
        assert writer.wait() == 0, writer.communicate()[1]
    images = {image.path for split in open_dataset(photos).splits.values() for image in split}
    count = len({(photos / path).read_bytes() for path in images})
    # One of the two may have been overtaken by the other's commit, and have written its rows again.
    found = new_process("gallery", "verify", gallery, code=None, env=env).stdout
    assert found.startswith(f"{gallery}: {count} entries")
    assert [line for line in found.splitlines()[1:] if "belong to no version" not in line] == []
    assert "0 added" in new_process("gallery", "add", gallery, photos, env=env).stdout
    query = photos / WORLD.splits["query"][0].path
    done = new_process("gallery", "search", gallery, query, "--top", "3", "--json", env=env)
    best = json.loads(done.stdout)["answers"][0]
    assert best["similarity"] == pytest.approx(1, abs=1e-4)
    leave_a_file(env, f"people/cameras/{TABLE}.lance/data/stray.lance")
    removal = ["gallery", "remove", gallery, "--id", best["id"], "--yes"]
    assert "1 entries removed" in new_process(*removal, env=env).stdout
    assert "in a bucket with --alone" in new_process("gallery", "verify", gallery, code=1, env=env).stdout
    assert "0 entries removed" in new_process(*removal, "--alone", env=env).stdout
    assert f"{count - 1} entries, 1 version" in new_process("gallery", "verify", gallery, env=env).stdout


def leave_a_file(env: dict[str, str], path: str) -> None:
    """As a writer does that is overtaken between writing its rows and committing them."""
    keys = {"access_key": env["AWS_ACCESS_KEY_ID"], "secret_key": env["AWS_SECRET_ACCESS_KEY"]}
    store = S3FileSystem(endpoint_override=env["AWS_ENDPOINT"].removeprefix("http://"), scheme="http", **keys)
    with store.open_output_stream(path) as file:
        file.write(b"rows")


def test_a_bucket_that_is_not_there_or_not_ours(bucket: tuple[str, dict[str, str]]) -> None:
    place, env = bucket
    for address, keys in (
        ("s3://nobody/here", {}),
        (f"{place}/cameras", {"AWS_SECRET_ACCESS_KEY": "wrong"}),
        (f"{place}/empty", {}),
    ):
        done = new_process("gallery", "list", address, code=2, env={**env, **keys})
        assert address in done.stderr
        assert done.stderr.count("\n") == 1
