from __future__ import annotations

import pytest
import torch

from maskreid.errors import MaskreidError
from maskreid.network import autocast, multiplies_bfloat16, pick_device


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


def test_bfloat16_only_where_it_is_asked_for_and_the_device_multiplies_it(monkeypatch: pytest.MonkeyPatch) -> None:
    factor = torch.ones(2, 2)
    for known, precision, expected in [
        ({"avx512_bf16": True}, "bfloat16", torch.bfloat16),
        ({"avx512_bf16": True}, "float32", torch.float32),
        ({"avx2": True, "avx512_bf16": False}, "bfloat16", torch.float32),
    ]:
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda known=known: known)
        with autocast("cpu", precision):
            assert (factor @ factor).dtype == expected
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: including_emulation)
    assert not multiplies_bfloat16("cuda:0")  # a V100 or a T4, which only emulates it
