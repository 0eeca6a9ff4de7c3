"""The server as a user starts it."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError

import pytest
from made_up import save
from PIL import Image
from running import refused, write

from maskreid.gallery import Gallery, enrol
from maskreid.images import open_dataset, synthetic_world

MASKREID = Path(sys.executable).with_name("maskreid")


@contextmanager
def server(*arguments: str | Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The address that ``maskreid serve`` prints, and its process."""
    process = subprocess.Popen(
        [MASKREID, "serve", *arguments, "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("open http://"), line
        yield line.split()[1], process
    finally:
        process.kill()
        process.wait()


def test_it_serves_until_it_is_stopped(gallery: Gallery) -> None:
    with server(gallery.path) as (address, process):
        assert address.startswith("http://127.0.0.1:")
        with urllib.request.urlopen(f"{address}api/overview", timeout=30) as answer:
            assert json.load(answer)["entries"] == len(gallery)
        with urllib.request.urlopen(f"{address}static/htmx-4.0.1.min.js", timeout=30) as answer:
            assert len(answer.read()) > 30_000
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0


def test_other_machines_get_a_token_made_up(gallery: Gallery) -> None:
    with server(gallery.path, "--host", "0.0.0.0") as (address, _):
        assert "?token=" in address
        start = address.partition("?")[0].replace("0.0.0.0", "localhost")
        with pytest.raises(HTTPError, match="401"):
            urllib.request.urlopen(f"{start}api/overview", timeout=30)
        request = urllib.request.Request(
            f"{start}api/overview", headers={"authorization": f"Bearer {address.partition('?token=')[2]}"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert answer.status == 200


def test_who_comes_through_a_proxy_needs_the_token_too(gallery: Gallery) -> None:
    with server(gallery.path, "--name", "gallery.example") as (address, process):
        start, _, token = address.partition("?token=")
        assert start.startswith("http://127.0.0.1:")
        assert process.stdout
        assert process.stdout.readline() == f"others, through the proxy: https://gallery.example/?token={token}\n"
        asked = urllib.request.Request(f"{start}api/overview", headers={"host": "gallery.example"})
        with pytest.raises(HTTPError, match="401"):
            urllib.request.urlopen(asked, timeout=30)


def test_the_printed_address_is_answered(gallery: Gallery) -> None:
    visitor = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    with server(gallery.path, "--host", "localhost", "--token", "a+b&c") as (address, _):
        assert address.endswith("/?token=a%2Bb%26c")
        with visitor.open(address, timeout=30) as answer:
            assert answer.status == 200


def test_a_port_that_is_taken_is_one_line(gallery: Gallery, tmp_path: Path) -> None:
    with server(gallery.path) as (address, _):
        port = address.rstrip("/").rpartition(":")[2]
        done = subprocess.run(
            [MASKREID, "serve", gallery.path, "--port", port], capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 2
        assert f"127.0.0.1:{port}: cannot listen there" in done.stderr
        assert done.stderr.count("\n") == 1
    done = subprocess.run([MASKREID, "serve", tmp_path / "no"], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "there is no gallery" in done.stderr


def test_pictures_that_were_not_kept_are_read_where_the_images_lie(tmp_path: Path) -> None:
    photos, model = tmp_path / "photos", save(tmp_path / "m", masks={"source": "none", "min_share": 0.05})
    write(synthetic_world(train=1, test=1, cameras=2, images=2, distractors=0, junk=0), photos)
    made = Gallery.create(tmp_path / "g", model)
    enrol(made, open_dataset(photos, anything=True))
    (entry, *_) = made.entries()
    with (
        server(made.path) as (address, _),
        urllib.request.urlopen(f"{address}pictures/{entry.id}", timeout=30) as answer,
    ):
        assert answer.url.endswith("/static/nobody.svg")
    with (
        server(made.path, "--images", photos) as (address, _),
        urllib.request.urlopen(f"{address}pictures/{entry.id}", timeout=30) as answer,
    ):
        shown = Image.open(io.BytesIO(answer.read()))
    assert shown.size == Image.open(photos / entry.path).size


def test_a_gallery_whose_model_was_moved_is_served_with_it(tmp_path: Path) -> None:
    made = Gallery.create(tmp_path / "g", save(tmp_path / "m"))
    for suffix in (".json", ".safetensors"):
        (tmp_path / f"m{suffix}").rename(tmp_path / f"moved{suffix}")
    assert "--model says where" in refused("serve", made.path)
    with (
        server(made.path, "--model", tmp_path / "moved") as (address, _),
        urllib.request.urlopen(f"{address}api/overview", timeout=30) as answer,
    ):
        assert json.load(answer)["entries"] == 0


def test_a_run_that_is_not_there_is_told_at_the_start(gallery: Gallery) -> None:
    assert "nosuch: expected a training run" in refused("serve", gallery.path, "--run", "nosuch")
    assert "no model 'nosuch'" in refused("serve", gallery.path, "--run", "nosuch", "--data", "synthetic")
