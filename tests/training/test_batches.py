from __future__ import annotations

import numpy as np
import pytest

from maskreid.errors import MaskreidError
from maskreid.training.batches import Sampler, identity_batches, make_sampler, ranking_batches, shuffled
from maskreid.training.recipe import BatchConfig

IDENTITIES = np.repeat(np.arange(30), np.arange(30) % 13 + 1)  # 1 to 13 images of each
FEW = np.array([4, 2, 4, 2, 7, 7, 2, 9, 4, 7, 9, 9])


def test_shuffled_visits_every_image_once_an_epoch_in_a_new_order() -> None:
    draw = shuffled(40, 8, seed=1)
    first, second = (np.concatenate([draw(t) for t in range(5 * e, 5 * e + 5)]) for e in range(2))
    assert sorted(first) == sorted(second) == list(range(40))
    assert (first != second).any()


def test_what_fills_no_batch_is_left_out_of_an_epoch() -> None:
    images = [shuffled(42, 8, seed=1)(t) for t in range(10)]
    people = [IDENTITIES[identity_batches(IDENTITIES, 8, 4, seed=1)(t)] for t in range(6)]
    assert [len(batch) for batch in images] == [8] * 10
    assert [len(set(batch)) for batch in people] == [8] * 6
    for epoch in range(2):
        assert len(set(np.concatenate(images[5 * epoch : 5 * epoch + 5]))) == 40
        assert len(set(np.concatenate(people[3 * epoch : 3 * epoch + 3]))) == 24


def test_a_batch_may_be_all_there_is() -> None:
    assert sorted(shuffled(8, 8, seed=1)(3)) == list(range(8))


def test_images_need_not_be_sorted_by_identity() -> None:
    mixed = np.random.default_rng(0).permutation(IDENTITIES)
    people, counts = np.unique(mixed[identity_batches(mixed, persons=30, each=4, seed=0)(0)], return_counts=True)
    assert people.tolist() == list(range(30))
    assert counts.tolist() == [4] * 30
    batch = ranking_batches(mixed, positives=10, negatives=20, seed=3)(0)
    positives = min(10, (mixed == mixed[batch[0]]).sum())
    assert len(set(mixed[batch[:positives]])) == 1
    assert len(set(mixed[batch])) == 21


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


@pytest.mark.parametrize(
    ("config", "draw"),
    [
        (BatchConfig(size=8), shuffled(len(IDENTITIES), 8, 5)),
        (BatchConfig(sampler="identities", identities=5, images=3), identity_batches(IDENTITIES, 5, 3, 5)),
        (BatchConfig(sampler="ranking", positives=4, negatives=9), ranking_batches(IDENTITIES, 4, 9, 5)),
    ],
)
def test_a_recipe_names_the_sampler_and_its_sizes(config: BatchConfig, draw: Sampler) -> None:
    assert make_sampler(config, IDENTITIES, 5)(7).tolist() == draw(7).tolist()


@pytest.mark.parametrize(
    ("draw", "batches"),
    [
        (shuffled(8, 3, 5), [[4, 2, 5], [0, 7, 6], [3, 0, 5]]),
        (identity_batches(FEW, 2, 3, 5), [[6, 1, 3, 2, 0, 8], [11, 10, 7, 9, 5, 4], [4, 5, 9, 2, 8, 0]]),
        (ranking_batches(FEW, 2, 2, 5), [[9, 5, 6, 2], [5, 9, 6, 11], [5, 4, 3, 2]]),
    ],
    ids=["shuffled", "identities", "ranking"],
)
def test_a_seed_draws_the_same_batches_for_ever(draw: Sampler, batches: list[list[int]]) -> None:
    """A run that an earlier version began goes on with them, and a published seed still means them."""
    assert [draw(t).tolist() for t in range(3)] == batches


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
