from __future__ import annotations

import pytest
import torch
from loss_oracles import Batch
from torch import Tensor

from maskreid.errors import MaskreidError
from maskreid.losses import distillation_loss


def taught_for(features: Tensor) -> Tensor:
    """What a teacher with a longer feature makes of the same images."""
    generator = torch.Generator().manual_seed(7)
    return torch.randn(len(features), 13, generator=generator, dtype=torch.float64)


def test_it_is_the_mean_squared_difference_of_cosines_over_pairs(batch: tuple[Tensor, Tensor]) -> None:
    features, people = batch
    mine, theirs = Batch(features, people), Batch(taught_for(features), people)
    pairs = [(i, j) for i in range(mine.size) for j in range(mine.size) if i != j]
    total = sum((mine.similarity[i][j] - theirs.similarity[i][j]) ** 2 for i, j in pairs)
    found = distillation_loss(features, taught_for(features))
    assert found.item() == pytest.approx(total / len(pairs) if pairs else 0.0, abs=1e-12)


def test_by_hand() -> None:
    features = torch.tensor([[2.0, 0.0], [0.0, 3.0], [1.0, 0.0]])  # cosines 0, 1 and 0
    taught = torch.tensor([[5.0], [5.0], [-1.0]])  # 1, -1 and -1
    assert distillation_loss(features, taught).item() == pytest.approx((1 + 4 + 1) / 3)


def test_who_thinks_as_the_teacher_does_has_nothing_to_learn(batch: tuple[Tensor, Tensor]) -> None:
    features = batch[0].detach()
    scales = torch.rand(len(features), 1, dtype=torch.float64) + 0.5
    turned = torch.linalg.qr(torch.randn(8, 8, dtype=torch.float64)).Q
    assert distillation_loss(scales * features @ turned, features).item() == pytest.approx(0, abs=1e-20)


def test_a_teacher_of_other_images_is_refused() -> None:
    for taught in (torch.randn(3, 8), torch.randn(4)):
        with pytest.raises(MaskreidError, match=r"^loss: expected features \(N, D\) and the teacher's \(N, E\)"):
            distillation_loss(torch.randn(4, 8), taught)


def test_only_the_pupil_learns(batch: tuple[Tensor, Tensor]) -> None:
    features, _ = batch
    taught = taught_for(features).requires_grad_()
    distillation_loss(features, taught).backward()
    assert taught.grad is None
    assert features.grad is not None
    assert features.grad.isfinite().all()
    assert (features.grad != 0).any() == (len(features) > 1)


def test_the_gradient_is_the_losss(batch: tuple[Tensor, Tensor]) -> None:
    features, _ = batch
    assert torch.autograd.gradcheck(lambda x: distillation_loss(x, taught_for(x)), features)


def test_half_precision_is_computed_in_float32() -> None:
    features, taught = torch.randn(6, 8), torch.randn(6, 5)
    found = distillation_loss(features.bfloat16(), taught.bfloat16())
    assert found.dtype == torch.float32
    expected = distillation_loss(features.bfloat16().float(), taught.bfloat16().float())
    assert found.item() == pytest.approx(expected.item())
