"""OIM against loops, and the path of its table."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from maskreid.losses import move_table, oim_loss


def unit(row: list[float]) -> list[float]:
    length = math.sqrt(sum(x * x for x in row)) or 1.0
    return [x / length for x in row]


def test_the_loss_is_equation_3(batch: tuple[Tensor, Tensor]) -> None:
    features, identities = batch
    table = torch.randn(60, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    table = torch.nn.functional.normalize(table, dim=1)
    expected = 0.0
    for feature, identity in zip(features.tolist(), identities.tolist(), strict=True):
        f = unit(feature)
        scores = [7 * sum(x * y for x, y in zip(f, row, strict=True)) for row in table.tolist()]
        expected += (math.log(sum(map(math.exp, scores))) - scores[identity]) / len(identities)
    assert oim_loss(features, identities, table, scale=7.0).item() == pytest.approx(expected)
    assert torch.autograd.gradcheck(
        lambda x: oim_loss(x, identities[:3], table), features[:3].detach().requires_grad_()
    )


def test_the_table_moves_one_image_after_the_other() -> None:
    table = torch.zeros(3, 2, dtype=torch.float64)
    move_table(table, torch.tensor([[3.0, 0.0], [0.0, 5.0], [0.0, -2.0]]), torch.tensor([1, 1, 2]), momentum=0.75)
    assert table.tolist() == [[0.0, 0.0], pytest.approx(unit([0.75, 0.25])), [0.0, -1.0]]


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_is_computed_in_float32(dtype: torch.dtype) -> None:
    features = torch.randn(4, 8, generator=torch.Generator().manual_seed(0)).to(dtype).requires_grad_()
    loss = oim_loss(features, torch.arange(4), torch.eye(4, 8))
    assert loss.dtype == torch.float32
    loss.backward()
    assert features.grad is not None
    assert torch.isfinite(features.grad).all()
