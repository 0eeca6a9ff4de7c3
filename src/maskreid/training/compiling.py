"""torch.compile where it works; where it does not, one line says why and the network runs as it is."""

from __future__ import annotations

import sys

import torch
from torch import nn

HOW = {"cuda": "reduce-overhead"}  # with CUDA graphs


def compiled(module: nn.Module, device: torch.device) -> nn.Module:
    """Return ``module`` compiled for batches of one shape, or itself where this machine cannot compile.

    The time goes into the first step: about a minute.
    """
    reason = _cannot_compile(device)
    if reason:
        print(f"maskreid: schedule.compile: not compiled, this machine cannot ({reason})", file=sys.stderr)
        return module
    made: nn.Module = torch.compile(module, dynamic=False, mode=HOW.get(device.type))  # type: ignore[assignment]
    return made


def _cannot_compile(device: torch.device) -> str | None:
    """Compile something small, which is the only honest test: a compiler or its headers may be missing or too old."""
    try:
        torch.compile(lambda x: (x + 1).relu())(torch.zeros(16, device=device))
    except Exception as error:  # whatever the compiler, its headers or torch's own stages raise
        return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return None
