"""The same gallery in a bucket: a real S3 server, SeaweedFS, on this machine."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from running import maskreid, write
from test_gallery_commands import ADD, WORLD

from maskreid.images import open_dataset

WEED = Path(sys.executable).with_name("weed")
KEYS = {"AWS_ACCESS_KEY_ID": "maskreid", "AWS_SECRET_ACCESS_KEY": "not a secret here", "AWS_REGION": "us-east-1"}


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, dict[str, str]]]:
    """A bucket's address, and the environment that reaches it."""
    from pyarrow.fs import FileSelector, S3FileSystem

    folder = tmp_path_factory.mktemp("weed")
    roles = ("master", "volume", "filer", "s3", "admin", "webdav")
    wanted = free_ports(2 * len(roles))
    ports = {f"{role}.port": port for role, port in zip(roles, wanted, strict=False)}
    ports |= {f"{role}.port.grpc": port for role, port in zip(roles[:5], wanted[len(roles) :], strict=False)}
    # Nothing leaves the machine: one address, no telemetry.
    command = [WEED, "mini", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-dir={folder}", "-master.telemetry=false"]
    server = subprocess.Popen(
        [*command, *(f"-{name}={port}" for name, port in ports.items())],
        env={**os.environ, **KEYS},
        cwd=folder,
        stdout=(folder / "log").open("w"),
        stderr=subprocess.STDOUT,
    )
    address = f"127.0.0.1:{ports['s3.port']}"
    deadline = time.monotonic() + 60
    while True:
        try:
            keys = {"access_key": KEYS["AWS_ACCESS_KEY_ID"], "secret_key": KEYS["AWS_SECRET_ACCESS_KEY"]}
            store = S3FileSystem(
                endpoint_override=address, scheme="http", allow_bucket_creation=True, request_timeout=5, **keys
            )
            store.create_dir("people")
            store.get_file_info(FileSelector("people"))
            break
        except OSError:
            assert server.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline, (folder / "log").read_text()
            time.sleep(0.5)
    yield "s3://people", {**os.environ, **KEYS, "AWS_ENDPOINT": f"http://{address}", "AWS_ALLOW_HTTP": "true"}
    server.terminate()
    server.wait()


def test_a_gallery_in_a_bucket(bucket: tuple[str, dict[str, str]], tmp_path: Path) -> None:
    """Two writers at once, a search, a removal, a check; what is said on disk is said here."""
    place, env = bucket
    gallery, photos = f"{place}/cameras", tmp_path / "Market-1501"
    write(WORLD, photos)
    maskreid("gallery", "create", gallery, "--model", "market1501-compact", "--masks", "none", env=env)
    writers = [
        subprocess.Popen([sys.executable, "-c", ADD, gallery, photos, "-1"], stderr=subprocess.PIPE, env=env)
        for _ in range(2)
    ]
    for writer in writers:
        assert writer.wait() == 0, writer.communicate()[1]
    images = {image.path for split in open_dataset(photos).splits.values() for image in split}
    count = len({(photos / path).read_bytes() for path in images})
    assert maskreid("gallery", "verify", gallery, env=env).stdout.startswith(f"{gallery}: {count} entries")
    assert "0 added" in maskreid("gallery", "add", gallery, photos, env=env).stdout
    query = photos / WORLD.splits["query"][0].path
    done = maskreid("gallery", "search", gallery, query, "--top", "3", "--json", env=env)
    best = json.loads(done.stdout)["answers"][0]
    assert best["similarity"] == pytest.approx(1, abs=1e-4)
    assert "1 entries removed" in maskreid("gallery", "remove", gallery, "--id", best["id"], "--yes", env=env).stdout
    assert f"{count - 1} entries, 1 version" in maskreid("gallery", "verify", gallery, env=env).stdout


def test_a_bucket_that_is_not_there_or_not_ours(bucket: tuple[str, dict[str, str]]) -> None:
    place, env = bucket
    for address, keys in (
        ("s3://nobody/here", {}),
        (f"{place}/cameras", {"AWS_SECRET_ACCESS_KEY": "wrong"}),
        (f"{place}/empty", {}),
    ):
        done = maskreid("gallery", "list", address, code=2, env={**env, **keys})
        assert address in done.stderr
        assert done.stderr.count("\n") == 1
