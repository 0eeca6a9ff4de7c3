from __future__ import annotations

from pathlib import Path

import numba
import numpy as np
import pytest

from maskreid import compiled as compiled_module
from maskreid.compiled import KERNELS, compiled, digest_of
from maskreid.retrieval.nearest_kernels import product


def test_compiles_where_nothing_can_be_kept() -> None:
    """A function without a source file has nowhere to be kept, like one in a folder that cannot be written to."""
    names: dict = {}
    exec("def add(one, other):\n    return one + other", names)
    assert compiled(names["add"])(1, 2) == 3


def test_machine_code_is_kept_by_what_is_in_all_kernels(tmp_path: Path) -> None:
    one, other = tmp_path / "one_kernels.py", tmp_path / "other_kernels.py"
    one.write_text("def product(): ...")
    other.write_text("from one_kernels import product")
    before = digest_of([one, other])
    assert digest_of([other, one]) == before
    one.write_text("def product(): return 2")
    assert digest_of([one, other]) != before
    assert KERNELS in product.stats.cache_path  # type: ignore[attr-defined]
    assert KERNELS not in numba.config.CACHE_DIR  # other packages keep theirs where they did


def test_sums_in_any_order_are_sums() -> None:
    rows = np.random.default_rng(0).normal(size=(2, 1001)).astype(np.float32)
    assert abs(product(*rows) - rows[0].astype(float) @ rows[1]) < 1e-3


def test_machine_code_is_kept_by_digest_where_the_package_cannot_be_written_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MASKREID_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(compiled_module.settings, "CACHE_DIR", "")
    for allowed, base in ((True, compiled_module.PACKAGE / "__pycache__"), (False, tmp_path / "cache")):
        monkeypatch.setattr(compiled_module.os, "access", lambda path, mode, allowed=allowed: allowed)
        assert compiled_module.kept_in() == base / f"kernels-{KERNELS}"
    monkeypatch.setattr(compiled_module.settings, "CACHE_DIR", str(tmp_path / "said"))
    assert compiled_module.kept_in() == tmp_path / "said" / f"kernels-{KERNELS}"
