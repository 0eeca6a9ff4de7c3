"""What an installed maskreid needs beside Python is in the wheel."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_everything_that_is_no_python_is_in_the_wheel(tmp_path: Path) -> None:
    """Models, cards, templates, scripts, published numbers."""
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--wheel-dir", tmp_path, ROOT], check=True, capture_output=True, timeout=300)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as opened:
        there = set(opened.namelist())
    package = ROOT / "src" / "maskreid"
    files = [path for path in package.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    names = {path.relative_to(package).as_posix() for path in files}
    assert {"models/market1501.safetensors", "masks/person-fcn.json", "experiments/published.json"} <= names
    assert {"reports/templates/report.html", "web/static/judge.js", "py.typed"} <= names
    assert {f"maskreid/{name}" for name in names} <= there
