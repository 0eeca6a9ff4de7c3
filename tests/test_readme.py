"""The README's Python is run, and what it links to is there."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


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


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(((?!https?:)[^)#]+)", README))))
def test_what_the_readme_links_to_is_there(target: str) -> None:
    assert (ROOT / target).exists()
