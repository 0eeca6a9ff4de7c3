"""Servers on this machine, started once for all tests: S3 (SeaweedFS), and a Ray cluster whose workers reach it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from unittest.mock import patch

import pytest

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


@pytest.fixture(scope="session")
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
        env={**os.environ, **KEYS, "TMPDIR": str(folder)},  # where its logs and its cache go
        cwd=folder,
        stdout=(folder / "log").open("w"),
        stderr=subprocess.STDOUT,
    )
    try:
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
    finally:
        server.terminate()
        server.wait()


@pytest.fixture
def place(bucket: tuple[str, dict[str, str]], monkeypatch: pytest.MonkeyPatch) -> str:
    """The bucket's address, which this process reaches, and those that it starts."""
    address, env = bucket
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    return address


@pytest.fixture(scope="session")
def cluster(bucket: tuple[str, dict[str, str]]) -> Iterator[str]:
    """The address of two nodes, whose workers reach the bucket."""
    from ray.cluster_utils import Cluster

    with ExitStack() as stack:
        with patch.dict(os.environ, bucket[1]):
            started = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
            stack.callback(started.shutdown)
            started.add_node(num_cpus=1)
            started.wait_for_nodes()
        yield started.address
