"""Where a network runs."""

from __future__ import annotations

import torch

from maskreid.errors import MaskreidError


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
