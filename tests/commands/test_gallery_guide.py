"""The guide's commands and Python, run in the order they stand there."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from running import maskreid, write

from maskreid.images import synthetic_world

GUIDE = (Path(__file__).parents[2] / "docs" / "guide" / "gallery.md").read_text()
WORLD = synthetic_world(train=2, test=5, cameras=2, images=2, distractors=2, junk=0)


def test_the_guide_does_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(WORLD, tmp_path / "photos")
    write(synthetic_world(train=13, test=2, cameras=2, images=2, distractors=0, junk=0), tmp_path / "passers-by")
    first = next(iter((tmp_path / "photos" / "bounding_box_train").iterdir()))
    (tmp_path / "someone.jpg").write_bytes(first.read_bytes())
    monkeypatch.chdir(tmp_path)
    printed: dict[str, str] = {}
    for kind, block in re.findall(r"```(sh|python)\n(.*?)```", GUIDE, re.DOTALL):
        if kind == "sh":
            for command in block.strip().splitlines():
                program, *arguments = shlex.split(command)
                assert program == "maskreid"
                printed[command] = maskreid(*arguments).stdout
        else:
            done = subprocess.run([sys.executable, "-c", block], capture_output=True, text=True, timeout=300)
            assert done.returncode == 0, f"{block}\n{done.stdout}{done.stderr}"
            printed[block] = done.stdout
    enrolled = len(WORLD.splits["gallery"])
    expected = {
        "add people photos": f"{enrolled} added",
        "add people-adapted photos": f"{enrolled} added",
        "add people someone.jpg": "1 added",
        "--after 2026-11-23 --json": '"tags": ["door"]',
        "someone.jpg --not-camera 3": "someone.jpg: ",
        "calibrate market1501-compact": "people asked for",
        "--model own/market1501-compact": "someone.jpg: ",
        "adapt market1501-compact": "adapted to market1501: 52 images of 2 camera(s)",
        "--pool --rerank": "images of one person",
        "--probes 8": "finds 100.0 % of the true 10 nearest",
        "from maskreid.gallery import": "0.",
        "cluster people": "entries in none",
        "--cluster c1 --as ann": "entries are ann now",
        "--as-nobody": "entries have no identity now",
        "remove people --tag door": f"1 entries removed, {enrolled} left",
        "expire people": "0 entries older than 30d removed",
        "verify people": "nothing removed is left",
        "export people out": "entries written",
    }
    for part, text in expected.items():
        (output,) = [output for command, output in printed.items() if part in command]
        assert text in output, f"{part}: {output}"
    assert len(list((tmp_path / "out" / "thumbnails").iterdir())) > 0
