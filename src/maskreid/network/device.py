"""Where a network runs, and in which numbers."""

from __future__ import annotations

from typing import TypeVar

import torch
from torch import nn

from maskreid.errors import MaskreidError

Network = TypeVar("Network", bound=nn.Module)


def pick_device(device: str | None = None) -> str:
    """Return the device that was asked for, or by default "cuda" where there is one, else "cpu".

    Raises:
        MaskreidError: torch knows no such device, or this machine has none.
    """
    available = torch.cuda.is_available()
    if device is None:
        return "cuda" if available else "cpu"
    try:
        asked = torch.device(device)
    except RuntimeError:
        asked = None
    if asked is None or asked.type not in ("cpu", "cuda"):
        raise MaskreidError(f"no device {device!r}; expected cpu, cuda, or one of several GPUs such as cuda:1")
    if asked.type == "cuda" and not available:
        raise MaskreidError(f"{device}: torch {torch.__version__} finds no GPU here; use cpu")
    if asked.type == "cuda" and (asked.index or 0) >= torch.cuda.device_count():
        raise MaskreidError(f"{device}: this machine has {torch.cuda.device_count()} GPUs, counted from 0")
    return device


def multiplies_bfloat16(device: str | torch.device) -> bool:
    """Return whether a device multiplies bfloat16 itself; what only emulates it is faster in float32."""
    if torch.device(device).type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    known = torch.cpu.get_capabilities()
    return any(known.get(name, False) for name in ("avx512_bf16", "amx_bf16", "bf16"))


def number_type(device: str | torch.device, precision: str = "bfloat16") -> torch.dtype:
    """Return what a network computes in: bfloat16 if asked for and the device multiplies it itself, else float32.

    Args:
        device: that the network is on.
        precision: ``"bfloat16"`` or ``"float32"``.
    """
    return torch.bfloat16 if precision == "bfloat16" and multiplies_bfloat16(device) else torch.float32


def autocast(device: str | torch.device, precision: str = "bfloat16") -> torch.autocast:
    """Let a network compute in `number_type` inside a ``with``; arguments as there."""
    half = number_type(device, precision) == torch.bfloat16
    return torch.autocast(torch.device(device).type, torch.bfloat16, enabled=half)


def placed(network: Network, device: str | torch.device = "cpu") -> Network:
    """Put a network on a device, its weights laid out with channels last: so convolutions are fastest."""
    there: Network = network.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    return there
