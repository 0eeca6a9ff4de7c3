"""Enrolment and search on a Ray cluster of two nodes, into a bucket, with a worker killed on the way."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from running import maskreid, write

from maskreid.images import open_dataset, synthetic_world

WORLD = synthetic_world(train=2, test=20, cameras=2, images=3, distractors=4, junk=2)
# The command's own work in parts of 16 images, so that there is a middle to kill a worker in.
ADD = """
import importlib, sys
from functools import partial
from maskreid import gallery
from maskreid.gallery import on_ray
from maskreid.images import open_dataset
on_ray.PART = 16
with on_ray.connected(sys.argv[3]):
    opened = gallery.Gallery(sys.argv[1])
    print(on_ray.enrol_on_ray(opened, partial(open_dataset, sys.argv[2]), workers=2))
"""


def test_a_worker_dies_and_nothing_is_lost_or_twice(place: str, cluster: str, tmp_path: Path) -> None:
    gallery, photos = f"{place}/on-ray", tmp_path / "Market-1501"
    write(WORLD, photos)
    maskreid("gallery", "create", gallery, "--model", "market1501-compact", "--masks", "none")
    adding = subprocess.Popen(
        [sys.executable, "-c", ADD, gallery, photos, cluster],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    victim = _worker(adding)
    os.kill(victim, signal.SIGKILL)
    _, err = adding.communicate(timeout=240)
    assert adding.returncode == 0, err
    images = {image.path for split in open_dataset(photos).splits.values() for image in split}
    contents = {(photos / path).read_bytes() for path in images}
    assert maskreid("gallery", "verify", gallery).stdout.startswith(f"{gallery}: {len(contents)} entries")
    listed = maskreid("gallery", "list", gallery, "--json", "--limit", "1000").stdout.splitlines()
    paths = [json.loads(line)["path"] for line in listed]
    assert {(photos / path).read_bytes() for path in paths} == contents

    again = maskreid("gallery", "add", gallery, photos, "--ray", cluster)
    assert "0 added" in again.stdout
    query = photos / WORLD.splits["query"][0].path
    search = ("gallery", "search", gallery, query, "--json", "--camera", "2", "--rerank")
    answers = [json.loads(maskreid(*search, *more).stdout) for more in ((), ("--ray", cluster))]
    here, there = ([hit["id"] for hit in each["answers"]] for each in answers)
    assert here == there
    assert len(here) == 10
    here, there = ([hit["similarity"] for hit in each["answers"]] for each in answers)
    assert here == pytest.approx(there, abs=1e-5)


def _worker(adding: subprocess.Popen[str]) -> int:
    """The process of a worker of this test's cluster that has begun with a part."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        assert adding.poll() is None, adding.communicate()
        for process in Path("/proc").glob("[0-9]*"):
            try:
                ours = f"AWS_ENDPOINT={os.environ['AWS_ENDPOINT']}\0".encode() in (process / "environ").read_bytes()
                if ours and b"ray::_Worker.enrol" in (process / "cmdline").read_bytes():
                    return int(process.name)
            except OSError:
                continue
        time.sleep(0.05)
    raise AssertionError("no worker began")


def test_no_cluster(tmp_path: Path) -> None:
    write(WORLD, tmp_path / "photos")
    maskreid("gallery", "create", tmp_path / "g", "--model", "market1501-compact", "--masks", "none")
    done = maskreid("gallery", "add", tmp_path / "g", tmp_path / "photos", "--ray", "127.0.0.1:1", code=2)
    assert "--ray 127.0.0.1:1: no Ray cluster answers there" in done.stderr
    assert done.stderr.count("\n") == 1
