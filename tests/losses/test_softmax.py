from __future__ import annotations

import math

import pytest
import torch

from maskreid.losses import softmax_loss


def test_by_hand_with_and_without_smoothing() -> None:
    logits = torch.tensor([[2.0, 0.0, -1.0], [0.5, 0.5, 0.5]], dtype=torch.float64)
    identities = [0, 2]
    for epsilon in (0.0, 0.1):
        expected = 0.0
        for row, identity in zip(logits.tolist(), identities, strict=True):
            log_sum = math.log(sum(math.exp(x) for x in row))
            for m, x in enumerate(row):
                target = (1 - epsilon) * (m == identity) + epsilon / 3
                expected -= target * (x - log_sum) / 2
        value = softmax_loss(logits, torch.tensor(identities), label_smoothing=epsilon)
        assert value.item() == pytest.approx(expected)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32])
def test_half_precision_is_computed_in_float32(dtype: torch.dtype) -> None:
    logits = torch.randn(4, 900, generator=torch.Generator().manual_seed(0)).to(dtype).requires_grad_()
    loss = softmax_loss(logits, torch.arange(4))
    assert loss.dtype == torch.float32
    loss.backward()
    assert logits.grad is not None
    assert torch.isfinite(logits.grad).all()
