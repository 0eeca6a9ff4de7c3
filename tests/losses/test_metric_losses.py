from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from loss_oracles import Batch
from torch import Tensor

from maskreid.errors import MaskreidError
from maskreid.losses import (
    circle_loss,
    contrastive_loss,
    full_ranking_loss,
    n_pair_loss,
    oim_loss,
    quadruplet_loss,
    ranking_loss,
    triplet_loss,
)

Loss = Callable[[Tensor, Tensor], Tensor]


def seeded_n_pair(features: Tensor, identities: Tensor) -> Tensor:
    return n_pair_loss(features, identities, generator=torch.Generator().manual_seed(0))


LOSSES: dict[str, Loss] = {
    "ranking": ranking_loss,
    "full ranking": full_ranking_loss,
    "n-pair": seeded_n_pair,
    "triplet": triplet_loss,
    "quadruplet": quadruplet_loss,
    "contrastive": contrastive_loss,
    "circle": circle_loss,
}


@pytest.mark.parametrize("name", [*LOSSES, "oim"])
def test_other_shapes_are_no_batch(name: str) -> None:
    loss = LOSSES.get(name, lambda features, people: oim_loss(features, people, torch.zeros(3, 8)))
    features, people = torch.randn(4, 8), torch.tensor([0, 0, 1, 1])
    for wrong in (features[0], features[None], features.long()):
        with pytest.raises(MaskreidError, match=r"^loss: expected features \(N, D\) of floats, got "):
            loss(wrong, people)
    for wrong in (people[:, None], people[:3], people.float(), people > 0):
        with pytest.raises(MaskreidError, match=r"^loss: expected identities \(4,\) of integers"):
            loss(features, wrong)


@pytest.mark.parametrize("loss", [ranking_loss, full_ranking_loss, n_pair_loss])
@pytest.mark.parametrize("temperature", [0.0, -1.0, math.nan])
def test_a_temperature_is_above_zero(loss: Callable[..., Tensor], temperature: float) -> None:
    with pytest.raises(MaskreidError, match=r"^loss: expected a temperature above 0, got "):
        loss(torch.randn(4, 8), torch.tensor([0, 0, 1, 1]), temperature=temperature)


def mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0.0


@pytest.mark.parametrize("temperature", [1.0, 0.1])
@pytest.mark.parametrize(("margin", "lambda_"), [(0.2, 1.0), (0.15, 2.0), (1.0, 0.0), (0.0, 10.0)])
def test_ranking_is_equation_3(
    batch: tuple[Tensor, Tensor], margin: float, lambda_: float, temperature: float
) -> None:
    b = Batch(*batch)
    expected = []
    for k in b.anchors:
        hardest = min(b.similarity[k][i] for i in b.positives[k])
        total = 1.0
        for j in b.negatives[k]:
            total += math.exp(max(0.0, b.similarity[k][j] - hardest + margin) / temperature)
        pull = sum((b.similarity[k][i] - 1) ** 2 for i in b.positives[k])
        expected.append(math.log(total) + lambda_ / (2 * len(b.positives[k])) * pull)
    found = ranking_loss(*batch, margin=margin, lambda_=lambda_, temperature=temperature)
    assert found.item() == pytest.approx(mean(expected), abs=1e-10)


@pytest.mark.parametrize("temperature", [1.0, 0.1])
def test_full_ranking_is_equation_2(batch: tuple[Tensor, Tensor], temperature: float) -> None:
    b = Batch(*batch)
    expected = []
    for k in b.anchors:
        total = 1.0
        for i in b.positives[k]:
            for j in b.negatives[k]:
                total += math.exp((b.similarity[k][j] - b.similarity[k][i]) / temperature)
        expected.append(math.log(total))
    assert full_ranking_loss(*batch, temperature=temperature).item() == pytest.approx(mean(expected), abs=1e-10)


@pytest.mark.parametrize("temperature", [1.0, 0.1])
def test_n_pair_is_equation_1_for_some_choice_of_positives(batch: tuple[Tensor, Tensor], temperature: float) -> None:
    b = Batch(*batch)
    choices = [
        [
            math.log(
                1 + sum(math.exp((b.similarity[k][j] - b.similarity[k][i]) / temperature) for j in b.negatives[k])
            )
            for i in b.positives[k]
        ]
        for k in b.anchors
    ]
    generator = torch.Generator().manual_seed(0)
    value = n_pair_loss(*batch, generator, temperature=temperature).item()
    assert mean([min(c) for c in choices]) - 1e-10 <= value <= mean([max(c) for c in choices]) + 1e-10
    if all(len(c) == 1 for c in choices):
        assert value == pytest.approx(mean([c[0] for c in choices]), abs=1e-10)


def test_n_pair_draws_every_positive_and_repeats_with_its_generator() -> None:
    features = torch.randn(4, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    identities = torch.tensor([0, 0, 0, 1])
    values = {n_pair_loss(features, identities, torch.Generator().manual_seed(s)).item() for s in range(60)}
    assert len({round(v, 12) for v in values}) == 8  # 3 anchors with 2 positives each
    assert seeded_n_pair(features, identities) == seeded_n_pair(features, identities)


def test_triplet_takes_the_hardest_of_both(batch: tuple[Tensor, Tensor]) -> None:
    b = Batch(*batch)
    expected = []
    for k in b.anchors:
        if b.negatives[k]:
            farthest = max(b.distance(k, i) for i in b.positives[k])
            nearest = min(b.distance(k, j) for j in b.negatives[k])
            expected.append(max(0.0, 0.3 + farthest - nearest))
    assert triplet_loss(*batch).item() == pytest.approx(mean(expected), abs=1e-10)


def test_quadruplet_adds_the_nearest_two_strangers(batch: tuple[Tensor, Tensor]) -> None:
    b, people = Batch(*batch), batch[1].tolist()
    expected = []
    for k in b.anchors:
        others = b.negatives[k]
        if others:
            farthest = max(b.distance(k, i) for i in b.positives[k])
            term = max(0.0, 0.3 + farthest - min(b.distance(k, j) for j in others))
            strangers = [b.distance(i, j) for i in others for j in others if people[i] != people[j]]
            expected.append(term + max(0.0, 0.15 + farthest - min(strangers, default=math.inf)))
    assert quadruplet_loss(*batch).item() == pytest.approx(mean(expected), abs=1e-10)


def test_contrastive_averages_the_pairs_that_cost_something(batch: tuple[Tensor, Tensor]) -> None:
    b = Batch(*batch)
    pulled = [b.distance(k, i) for k in range(b.size) for i in b.positives[k]]
    pushed = [max(0.0, 1.2 - b.distance(k, j)) for k in range(b.size) for j in b.negatives[k]]
    expected = mean([x for x in pulled if x > 0]) + mean([x for x in pushed if x > 0])
    assert contrastive_loss(*batch, margin=1.2).item() == pytest.approx(expected, abs=1e-6)


def test_circle_is_equation_6(batch: tuple[Tensor, Tensor]) -> None:
    b, m, scale = Batch(*batch), 0.25, 8.0
    expected = []
    for k in b.anchors:
        if b.negatives[k]:
            s = b.similarity[k]
            pull = sum(math.exp(-scale * max(0.0, 1 + m - s[i]) * (s[i] - 1 + m)) for i in b.positives[k])
            push = sum(math.exp(scale * max(0.0, s[j] + m) * (s[j] - m)) for j in b.negatives[k])
            expected.append(math.log(1 + push * pull))
    assert circle_loss(*batch, margin=m, scale=scale).item() == pytest.approx(mean(expected), abs=1e-6)


@pytest.mark.parametrize("name", LOSSES)
def test_gradients_are_finite_and_exact(batch: tuple[Tensor, Tensor], name: str) -> None:
    features, identities = batch
    loss = LOSSES[name](features, identities)
    loss.backward()
    assert features.grad is not None
    assert torch.isfinite(features.grad).all()
    if len(identities) <= 9 and name != "circle":  # whose factors have no gradient, by definition
        assert torch.autograd.gradcheck(lambda x: LOSSES[name](x, identities), features.detach().requires_grad_())


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_lower_precision_stays_near_and_is_computed_in_float32(
    batch: tuple[Tensor, Tensor], name: str, dtype: torch.dtype
) -> None:
    features, identities = batch
    low = features.detach().to(dtype).requires_grad_()
    loss = LOSSES[name](low, identities)
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(LOSSES[name](low.detach().double(), identities).item(), abs=1e-5)
    loss.backward()
    assert low.grad is not None
    assert torch.isfinite(low.grad).all()


@pytest.mark.parametrize("name", ["ranking", "full ranking", "triplet", "quadruplet", "contrastive", "circle"])
def test_neither_the_order_of_the_batch_nor_the_length_of_features_matters(
    batch: tuple[Tensor, Tensor], name: str
) -> None:
    features, identities = (x.detach() for x in batch)
    order = torch.randperm(len(identities), generator=torch.Generator().manual_seed(0))
    lengths = torch.linspace(0.5, 3, len(identities), dtype=torch.float64)[:, None]
    expected = LOSSES[name](features, identities)
    torch.testing.assert_close(LOSSES[name](features[order], identities[order]), expected)
    torch.testing.assert_close(LOSSES[name](features * lengths, identities), expected)


@pytest.mark.parametrize("name", LOSSES)
def test_identical_features_have_a_finite_gradient(name: str) -> None:
    features = torch.ones(6, 4, requires_grad=True)
    LOSSES[name](features, torch.tensor([0, 0, 0, 1, 1, 2])).backward()
    assert features.grad is not None
    assert torch.isfinite(features.grad).all()


def test_with_one_positive_each_full_ranking_is_n_pair() -> None:
    features = torch.randn(8, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    identities = torch.tensor([0, 0, 1, 1, 2, 2, 3, 3])
    torch.testing.assert_close(full_ranking_loss(features, identities), seeded_n_pair(features, identities))


def test_with_every_negative_active_and_no_margin_ranking_pushes_like_n_pair() -> None:
    features = torch.randn(12, 12, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    features[1] = 0.01 - features[0]  # the only pair: less alike than any two strangers
    identities = torch.tensor([0, 0, *range(1, 11)])
    pushed = ranking_loss(features, identities, margin=0.0, lambda_=0.0)
    torch.testing.assert_close(pushed, seeded_n_pair(features, identities))


@pytest.mark.parametrize("name", LOSSES)
def test_autocast_does_not_lower_the_precision(name: str) -> None:
    features = torch.randn(12, 64, generator=torch.Generator().manual_seed(0))
    identities = torch.arange(12) // 3
    with torch.autocast("cpu", torch.bfloat16):
        inside = LOSSES[name](features, identities)
    assert inside.dtype == torch.float32
    torch.testing.assert_close(inside, LOSSES[name](features, identities), rtol=0, atol=0)
