from __future__ import annotations

import numpy as np
import pytest

from maskreid.errors import MaskreidError
from maskreid.training.batches import identity_batches, make_sampler, ranking_batches, shuffled
from maskreid.training.recipe import BatchConfig

IDENTITIES = np.repeat(np.arange(30), np.arange(30) % 13 + 1)  # 1 to 13 images of each


def test_shuffled_visits_every_image_once_an_epoch_in_a_new_order() -> None:
    draw = shuffled(40, 8, seed=1)
    first, second = (np.concatenate([draw(t) for t in range(5 * e, 5 * e + 5)]) for e in range(2))
    assert sorted(first) == sorted(second) == list(range(40))
    assert (first != second).any()


def test_identity_batches_have_p_identities_of_k_and_use_each_identity_once_an_epoch() -> None:
    draw = identity_batches(IDENTITIES, persons=10, each=4, seed=0)
    seen = []
    for t in range(3):
        people, counts = np.unique(IDENTITIES[draw(t)], return_counts=True)
        assert len(people) == 10
        assert (counts == 4).all()
        seen += list(people)
    assert sorted(seen) == list(range(30))


def test_identity_batches_repeat_images_only_where_a_person_has_too_few() -> None:
    draw = identity_batches(IDENTITIES, persons=30, each=4, seed=0)
    for person, group in zip(*_grouped(draw(0)), strict=True):
        assert len(set(group)) == min(4, (person == IDENTITIES).sum())


@pytest.mark.parametrize("iteration", range(40))
def test_ranking_batches_are_one_person_and_n_others_with_one_image_each(iteration: int) -> None:
    batch = ranking_batches(IDENTITIES, positives=10, negatives=20, seed=3)(iteration)
    person = IDENTITIES[batch[0]]
    positives, negatives = batch[IDENTITIES[batch] == person], batch[IDENTITIES[batch] != person]
    available = (person == IDENTITIES).sum()
    assert len(positives) == len(set(positives)) == min(10, available)  # "P is set to p"; N stays
    assert available > 1
    assert len(negatives) == len(set(IDENTITIES[negatives])) == 20


def test_ranking_batches_choose_persons_and_negatives_evenly() -> None:
    identities = np.repeat(np.arange(6), 3)
    draw = ranking_batches(identities, positives=2, negatives=3, seed=0)
    persons = np.bincount([identities[draw(t)[0]] for t in range(1200)], minlength=6)
    others = np.bincount(np.concatenate([identities[draw(t)[2:]] for t in range(1200)]), minlength=6)
    assert persons.min() > 150  # 200 expected, standard deviation 13
    assert others.min() > 520  # 600 expected


@pytest.mark.parametrize("sampler", ["shuffled", "identities", "ranking"])
def test_a_batch_depends_on_seed_and_iteration_alone(sampler: str) -> None:
    config = BatchConfig(sampler=sampler, size=8, identities=5, images=3, positives=4, negatives=9)  # type: ignore[arg-type]
    forward = [make_sampler(config, IDENTITIES, 5)(t) for t in range(6)]
    draw = make_sampler(config, IDENTITIES, 5)
    for t in reversed(range(6)):
        np.testing.assert_array_equal(draw(t), forward[t])
    assert any((make_sampler(config, IDENTITIES, 6)(t).tolist() != forward[t].tolist()) for t in range(6))


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (BatchConfig(size=1000), "batch.size is 1000 but there are only"),
        (BatchConfig(sampler="identities", identities=31), "batch.identities is 31 but there are only 30"),
        (BatchConfig(sampler="ranking", negatives=30), "batch.negatives is 30: expected more than that"),
    ],
)
def test_too_little_data_is_named(config: BatchConfig, message: str) -> None:
    with pytest.raises(MaskreidError, match=message):
        make_sampler(config, IDENTITIES, 0)


def test_ranking_needs_somebody_with_two_images() -> None:
    with pytest.raises(MaskreidError, match="0 with two images"):
        ranking_batches(np.arange(100), 10, 54, 0)


def _grouped(batch: np.ndarray) -> tuple[list[int], list[list[int]]]:
    people = sorted(set(IDENTITIES[batch].tolist()))
    return people, [batch[IDENTITIES[batch] == person].tolist() for person in people]


def test_every_pass_over_the_identities_is_another() -> None:
    draw = identity_batches(IDENTITIES, persons=10, each=4, seed=0)
    passes = [[set(IDENTITIES[draw(3 * epoch + t)]) for t in range(3)] for epoch in range(2)]
    assert passes[0] != passes[1]


def test_images_of_a_batch_follow_from_the_seed_and_the_iteration() -> None:
    everybody = [identity_batches(IDENTITIES, 30, 2, seed) for seed in (0, 1)]
    images = [sorted(draw(t)) for draw in everybody for t in range(2)]
    assert all(one != other for i, one in enumerate(images) for other in images[:i])


def test_ranking_batches_use_all_images_in_time_and_a_pair_is_enough() -> None:
    identities = np.array([0, 0, 1, 2, 3])
    batch = ranking_batches(identities, positives=2, negatives=3, seed=0)(0)
    assert sorted(batch) == [0, 1, 2, 3, 4]
    identities = np.repeat(np.arange(4), 3)
    draw = ranking_batches(identities, positives=2, negatives=3, seed=0)
    batches = [draw(t) for t in range(100)]
    for part in (slice(0, 2), slice(2, None)):
        assert set(np.concatenate([batch[part] for batch in batches])) == set(range(12))
