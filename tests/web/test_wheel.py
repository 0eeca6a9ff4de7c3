"""What an installed maskreid needs beside Python is in the wheel."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_templates_and_static_files_are_in_the_wheel(tmp_path: Path) -> None:
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", tmp_path, ROOT]
    subprocess.run(pip, check=True, capture_output=True, timeout=300)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as opened:
        there = set(opened.namelist())
    web = ROOT / "src" / "maskreid" / "web"
    files = [path for kind in ("templates", "static") for path in (web / kind).iterdir()]
    assert len(files) > 15
    assert {str(path.relative_to(ROOT / "src")) for path in files} <= there
