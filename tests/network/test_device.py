from __future__ import annotations

import pytest
import torch

from maskreid.errors import MaskreidError
from maskreid.network import pick_device


def test_the_gpu_if_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert (pick_device(), pick_device("cpu")) == ("cpu", "cpu")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert (pick_device(), pick_device("cpu"), pick_device("cuda:1")) == ("cuda", "cpu", "cuda:1")
    with pytest.raises(MaskreidError, match="cuda:2: this machine has 2 GPUs, counted from 0"):
        pick_device("cuda:2")


def test_a_device_that_is_not_there_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    for wrong in ("gpu", "", "cuda:x", "meta"):
        with pytest.raises(MaskreidError, match=f"no device '{wrong}'; expected cpu, cuda"):
            pick_device(wrong)
    with pytest.raises(MaskreidError, match="finds no GPU here; use cpu"):
        pick_device("cuda")
