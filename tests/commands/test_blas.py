"""The products' kernel is chosen by the program alone, and only where it runs."""

from __future__ import annotations

import subprocess
import sys

import pytest

from maskreid.cli import blas
from maskreid.cli.blas import VARIABLE, openblas_kernel, use_avx512_products

ZEN5 = "processor\t: 0\nvendor_id\t: AuthenticAMD\nflags\t: avx2 avx512f avx512dq avx512cd avx512bw avx512vl\n\n"


@pytest.mark.parametrize(
    ("cpuinfo", "kernel"),
    [
        (ZEN5, "SkylakeX"),
        (ZEN5 * 2, "SkylakeX"),
        (ZEN5.replace(" avx512vl", ""), None),
        (ZEN5.replace("AuthenticAMD", "GenuineIntel"), None),
        ("Features : fp asimd", None),
        ("", None),
    ],
)
def test_asks_for_the_kernel_only_where_the_processor_has_all_it_needs(cpuinfo: str, kernel: str | None) -> None:
    assert openblas_kernel(cpuinfo) == kernel


def test_what_the_user_set_stays(monkeypatch) -> None:
    monkeypatch.setattr(blas, "openblas_kernel", lambda _: "SkylakeX")
    monkeypatch.delitem(sys.modules, "numpy")
    monkeypatch.setenv(VARIABLE, "Haswell")
    use_avx512_products()
    assert blas.os.environ[VARIABLE] == "Haswell"


def test_the_library_sets_nothing_and_waits_with_heavy_imports() -> None:
    program = (
        "import os, sys; before = dict(os.environ); import maskreid.retrieval; assert dict(os.environ) == before; "
        "heavy = {'numba', 'torch', 'scipy'} & set(sys.modules); assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
