"""torch.compile where it works, one line where it does not."""

from __future__ import annotations

import pytest
import torch

from maskreid.training import compiling


def test_what_cannot_be_compiled_runs_as_it_is_after_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def without_compiler(function: object, **_: object) -> object:
        raise RuntimeError("InvalidCxxCompiler: No working C++ compiler found\nand much more")

    monkeypatch.setattr(torch, "compile", without_compiler)
    layer = torch.nn.Linear(3, 2)
    assert compiling.compiled(layer, torch.device("cpu")) is layer
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1
    assert "not compiled, this machine cannot (InvalidCxxCompiler: No working C++ compiler found)" in said[0]


def test_what_is_compiled_computes_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the compiler's front end alone: its back end needs a C++ compiler and a minute."""
    real = torch.compile
    monkeypatch.setattr(torch, "compile", lambda module, **_: real(module, backend="aot_eager"))
    layer = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.ReLU())
    images = torch.randn(2, 3, 8, 8)
    made = compiling.compiled(layer, torch.device("cpu"))
    assert made is not layer
    torch.testing.assert_close(made(images), layer(images))
