"""The README's Python is run, and the evaluation guide's."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

from maskreid.retrieval import NAMED_PROTOCOLS
from maskreid.retrieval.foreign import KNOWN

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
GUIDE = (ROOT / "docs" / "evaluation.md").read_text()


def test_your_own_features_are_judged_in_five_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (code,) = re.findall(r"```python evaluate-your-own\n(.*?)```", README, re.DOTALL)
    assert len([line for line in code.splitlines() if line.strip()]) == 5
    rng = np.random.default_rng(0)
    people = rng.normal(size=(5, 8))
    for name, count in (("query", 10), ("gallery", 30)):
        identities = np.arange(count) % 5
        np.save(tmp_path / f"{name}.npy", people[identities] + 0.1 * rng.normal(size=(count, 8)))
        np.save(tmp_path / f"{name}_ids.npy", identities + 1)
        np.save(tmp_path / f"{name}_cameras.npy", np.full(count, 1 if name == "query" else 2))
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "README.md", "exec"), {})
    printed = capsys.readouterr().out
    assert printed.count("| Rank-1 |") == 2
    assert "100.0" in printed


def test_the_guides_python_judges_and_compares_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (code,) = re.findall(r"```python evaluate-a-file\n(.*?)```", GUIDE, re.DOTALL)
    rng = np.random.default_rng(0)
    people = rng.normal(size=(5, 8))
    for name in ("features", "other"):
        arrays = {}
        for part, count in (("query", 10), ("gallery", 30)):
            identities = np.arange(count) % 5
            arrays[f"{part}_features"] = people[identities] + 0.1 * rng.normal(size=(count, 8))
            arrays[f"{part}_identities"] = identities + 1
            arrays[f"{part}_cameras"] = np.full(count, 1 if part == "query" else 2)
        np.savez(tmp_path / f"{name}.npz", **arrays)
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "evaluation.md", "exec"), {})
    printed = capsys.readouterr().out
    assert "Rank-1 1.000, 95 % interval Interval(low=1.0, high=1.0)" in printed
    assert "Difference(a=1.0, b=1.0, interval=Interval(low=0.0, high=0.0), p=1.0)" in printed


def test_the_guide_names_every_protocol_and_every_array() -> None:
    for name in (*NAMED_PROTOCOLS, *KNOWN):
        short = name.removeprefix("multi_query") if name.startswith("multi_query_") else name
        assert f"`{name}`" in GUIDE or f"`{short}`" in GUIDE, name


def test_make_clean_keeps_the_models_that_the_readme_trains() -> None:
    alone = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "VENV"))}
    command = ["make", "--dry-run", "clean"]
    done = subprocess.run(command, cwd=ROOT, env=alone, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["rm", "-rf", ".venv", ".venv-bench", "runs/demo"]
