"""Closed forms of the paper's Eq. 3."""

from __future__ import annotations

import math

import pytest
import torch
from loss_oracles import Batch
from torch import Tensor

from maskreid.losses import ranking_floor, ranking_loss


def with_similarities(positives: list[float], negatives: list[float]) -> tuple[Tensor, Tensor]:
    """Features whose first row is an anchor with exactly these similarities to its positives and negatives."""
    similarities = torch.tensor([*positives, *negatives], dtype=torch.float64)
    count = len(similarities)
    features = torch.zeros(count + 1, count + 1, dtype=torch.float64)
    features[0, 0] = 1
    features[1:, 0] = similarities
    features[range(1, count + 1), range(1, count + 1)] = (1 - similarities**2).sqrt()
    identities = torch.tensor([0] * (len(positives) + 1) + list(range(1, len(negatives) + 1)))
    return features, identities


def test_one_pair_and_one_negative_by_hand() -> None:
    features, identities = with_similarities([0.5], [0.6])
    # Two anchors: row 0 has S+ = .5, S- = .6; row 1 has S+ = .5, S- = .5 * .6 = .3.
    first = math.log(1 + math.exp(0.6 - 0.5 + 0.2)) + 0.5 * 0.25
    second = math.log(1 + math.exp(0.3 - 0.5 + 0.2)) + 0.5 * 0.25
    assert ranking_loss(features, identities).item() == pytest.approx((first + second) / 2)


def test_the_first_term_never_falls_below_its_floor() -> None:
    together = torch.zeros(64, 60, dtype=torch.float64)
    together[:10, 0] = 1  # the person: all positives at 1
    together[range(10, 64), range(1, 55)] = 1  # everybody else orthogonal
    identities = torch.tensor([0] * 10 + list(range(1, 55)))
    assert ranking_loss(together, identities).item() == pytest.approx(math.log(55))
    assert ranking_floor(identities) == pytest.approx(math.log(55)) == pytest.approx(4.00733, abs=1e-5)


@pytest.mark.parametrize("identities", [[1, 2, 3], [5]])
def test_a_batch_without_anchors_has_floor_zero(identities: list[int]) -> None:
    assert ranking_floor(torch.tensor(identities)) == 0


@pytest.mark.parametrize(("margin", "lambda_"), [(0.2, 1.0), (0.5, 2.0), (0.0, 0.0)])
def test_the_gradient_in_every_similarity_is_the_closed_form(margin: float, lambda_: float) -> None:
    """Negatives below the hinge get none, active ones exp(d) / Z, the hardest positive minus their sum."""
    generator = torch.Generator().manual_seed(0)
    identities = torch.tensor([0] * 4 + [1] * 3 + [2, 3, 4, 5])
    features = torch.randn(11, 5, dtype=torch.float64, generator=generator).requires_grad_()
    b = Batch(features.detach(), identities)
    by_similarity = torch.zeros(11, 11, dtype=torch.float64)
    inactive = 0
    for k in b.anchors:
        s = b.similarity[k]
        hardest = min(b.positives[k], key=lambda i: s[i])
        d = {j: max(0.0, s[j] - s[hardest] + margin) for j in b.negatives[k]}
        z = 1 + sum(math.exp(x) for x in d.values())
        for j, x in d.items():
            inactive += x == 0
            by_similarity[k, j] = math.exp(x) / z if x > 0 else 0.0
        by_similarity[k, hardest] -= by_similarity[k, b.negatives[k]].sum()
        for i in b.positives[k]:
            by_similarity[k, i] += lambda_ / len(b.positives[k]) * (s[i] - 1)
    assert inactive > 0
    unit = torch.nn.functional.normalize(features, dim=1)
    (expected,) = torch.autograd.grad(unit @ unit.T, features, by_similarity / len(b.anchors))
    (gradient,) = torch.autograd.grad(ranking_loss(features, identities, margin, lambda_), features)
    torch.testing.assert_close(gradient, expected)


@pytest.mark.parametrize(
    ("positive", "negative", "value"), [(0.3, 0.3, math.log(1 + 20 * math.exp(0.2))), (0.9, 0.3, math.log(21))]
)
def test_constant_similarities_by_hand(positive: float, negative: float, value: float) -> None:
    """One pair and twenty strangers, everybody else's similarities being as given: both anchors have one value."""
    gram = torch.full((22, 22), negative, dtype=torch.float64).fill_diagonal_(1.0)
    gram[0, 1] = gram[1, 0] = positive
    features = torch.linalg.cholesky(gram)
    identities = torch.tensor([0, 0, *range(1, 21)])
    expected = value + (positive - 1) ** 2 / 2
    assert ranking_loss(features, identities).item() == pytest.approx(expected)


def test_of_two_equally_hard_positives_one_alone_is_pushed() -> None:
    identities = torch.tensor([0, 0, 0, 1])
    tied = torch.tensor([[1.0, 0, 0], [0.5, 0.8, 0], [0.5, 0, 0.8], [0.9, 0.1, 0.1]], dtype=torch.float64)

    def gradient(first_is_harder_by: float) -> Tensor:
        features = tied.clone()
        features[1, 1] += first_is_harder_by
        features.requires_grad_()
        (result,) = torch.autograd.grad(ranking_loss(features, identities, lambda_=0.0), features)
        return result

    either = [gradient(1e-9), gradient(-1e-9)]
    assert not torch.allclose(*either, atol=1e-3)
    assert any(torch.allclose(gradient(0.0), one, atol=1e-7) for one in either)


def test_a_negative_exactly_on_the_hinge_is_not_pushed() -> None:
    features = torch.tensor([[1, 0, 0], [0.6, 0.8, 0], [0.6, 0, 0.8]], dtype=torch.float64, requires_grad=True)
    loss = ranking_loss(features, torch.tensor([0, 0, 1]), margin=0.0, lambda_=0.0)
    assert loss.item() == pytest.approx(math.log(2))
    (gradient,) = torch.autograd.grad(loss, features)
    assert gradient.abs().max() == 0
