from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from maskreid.errors import MaskreidError
from maskreid.retrieval import (
    ALL_VS_ALL,
    NAMED_PROTOCOLS,
    Features,
    Metrics,
    check_same_test,
    compare,
    evaluate,
    evaluate_single_shot,
    judge,
)
from maskreid.retrieval.bootstrap import BLOCK
from maskreid.retrieval.compare import FLIPS, sign_flip_p


@pytest.fixture
def two(world) -> tuple[Metrics, Metrics]:
    """A model and a noisier one on the same queries."""
    query, gallery = world(0, queries=40, gallery=120)
    rng = np.random.default_rng(9)
    noisier = Features.normalised(
        query.vectors + 0.3 * rng.normal(size=query.vectors.shape), query.identities, query.cameras
    )
    return evaluate(noisier, gallery), evaluate(query, gallery)


def exact_p(differences: list[float]) -> float:
    """Every pattern of signs, by loops."""
    observed = abs(sum(differences))
    patterns = list(itertools.product((-1, 1), repeat=len(differences)))
    as_large = sum(
        abs(sum(sign * value for sign, value in zip(pattern, differences, strict=True))) >= observed - 1e-9
        for pattern in patterns
    )
    return as_large / len(patterns)


@pytest.mark.parametrize(
    "differences",
    [
        [1, 1, 1, 1, 1, 1],
        [1, 0, -1, 0, 1, 1],
        [0.3, -0.1, 0.2, 0.05, 0.4, -0.02, 0.1],
        [0.5],
        [0.1, 0.2, 0.3, -0.1],  # sums that are equal, but for rounding
    ],
)
def test_p_approaches_that_of_all_sign_patterns(differences: list[float]) -> None:
    (p,) = sign_flip_p(np.array(differences)[:, None], 20_000, seed=0)
    assert p == pytest.approx(exact_p(differences), abs=0.015)


def test_p_is_uniform_where_the_models_are_alike() -> None:
    rng = np.random.default_rng(0)
    p = sign_flip_p(rng.normal(size=(60, 400)), 500, seed=1)
    for level in (0.05, 0.2, 0.5):
        assert np.mean(p <= level) == pytest.approx(level, abs=0.07)


def test_p_is_never_zero() -> None:
    assert sign_flip_p(np.ones((100, 1)), 99, seed=0) == pytest.approx([0.01])


def test_numbers_equal_loops(two) -> None:
    a, b = two
    told = compare(a, b, resamples=50, seed=2)
    for name, values in {"map": (a.ap, b.ap), "rank1": (a.first_match == 1, b.first_match == 1)}.items():
        one, other = (np.asarray(each, dtype=float) for each in values)
        assert told[name].a == pytest.approx(sum(one) / len(one))
        assert told[name].difference == pytest.approx(sum(other) / len(other) - sum(one) / len(one))
        rng = np.random.default_rng(2)
        drawn = [
            *rng.integers(len(one), size=(BLOCK, len(one))),
            *rng.integers(len(one), size=(50 - BLOCK, len(one))),
        ]
        means = [sum(other[i] - one[i] for i in rows) / len(rows) for rows in drawn]
        assert told[name].interval == pytest.approx(np.quantile(means, [0.025, 0.975]))


def test_of_every_query_it_has_to_be_known_whom_it_shows(two) -> None:
    a, b = two
    with pytest.raises(MaskreidError, match=rf"expected whom each query shows, {a.queries.max() + 1} or more people"):
        compare(a, b, people=np.arange(a.queries.max()))


def test_people_are_drawn_with_all_of_their_queries(two) -> None:
    a, b = two
    people = np.arange(a.queries.max() + 1) // 3  # the last has fewer
    told = compare(a, b, people=people, resamples=BLOCK, seed=2)["map"]
    theirs: dict[int, list[float]] = {}
    for row, change in zip(a.queries, b.ap - a.ap, strict=True):
        theirs.setdefault(int(people[row]), []).append(change)
    groups = [theirs[person] for person in sorted(theirs)]
    drawn = np.random.default_rng(2).integers(len(groups), size=(BLOCK, len(groups)))
    changes = [[change for person in rows for change in groups[person]] for rows in drawn]
    means = [sum(each) / len(each) for each in changes]
    assert told.interval == pytest.approx(np.quantile(means, [0.025, 0.975]))
    assert told.difference == pytest.approx(b.map - a.map)
    assert told.p == pytest.approx(sign_flip_p(np.array([[sum(each)] for each in groups]), FLIPS, seed=2)[0])


def test_many_queries_of_one_person_are_one_chance(two) -> None:
    a, b = two
    several = compare(a, b)["map"]
    alone = compare(a, b, people=np.zeros(a.queries.max() + 1, np.int64))["map"]
    assert several.p < 0.05
    assert alone.p == 1
    assert alone.interval == pytest.approx((several.difference, several.difference))


def test_pairing_is_sharper_than_two_intervals(two) -> None:
    a, b = two
    told = compare(a, b)["map"]
    assert told.difference > 0
    assert told.p < 0.05
    swapped = compare(b, a)["map"]
    assert swapped.difference == -told.difference
    assert swapped.p == told.p


def test_a_model_and_itself(two) -> None:
    for each in compare(two[0], two[0]).values():
        assert (each.difference, each.interval, each.p) == (0, (0, 0), 1)


def test_refuses_other_tests(two) -> None:
    a, b = two
    with pytest.raises(MaskreidError, match="protocols differ, market1501 and all-vs-all"):
        compare(a, replace(b, protocol=ALL_VS_ALL))
    with pytest.raises(MaskreidError, match="protocols differ"):
        compare(a, replace(b, protocol=replace(b.protocol, answers_from=2)))
    with pytest.raises(MaskreidError, match="in a gallery of 120, against 40 in 121"):
        compare(a, replace(b, gallery_size=121))
    with pytest.raises(MaskreidError, match="the tests differ"):
        compare(a, replace(b, queries=b.queries + 1))
    with pytest.raises(MaskreidError, match="flips: expected at least 1"):
        compare(a, b, flips=0)


def test_the_same_test_shows_the_same_people(world) -> None:
    query, gallery = world(0)
    other = Features(query.vectors, query.identities[::-1].copy(), query.cameras)
    order = np.random.default_rng(0).permutation(len(gallery))
    mixed = Features(gallery.vectors[order], gallery.identities[order], gallery.cameras[order])
    test, in_order = judge(query, gallery), judge(query, gallery, protocol=NAMED_PROTOCOLS["cuhk03-classic"])
    check_same_test(test, judge(query, mixed))
    check_same_test(in_order, in_order)
    with pytest.raises(MaskreidError, match=r"\d+ of 60 gallery images differ .* in the same order"):
        check_same_test(in_order, judge(query, mixed, protocol=in_order.protocol))
    with pytest.raises(MaskreidError, match=r"\d+ of 12 query images differ in identity or camera"):
        check_same_test(test, judge(other, gallery))
    (one, two) = (query.take(np.array(rows)) for rows in ([0, 0, 1], [0, 1, 0]))
    assert one.paths != two.paths
    with pytest.raises(MaskreidError, match="queries come in another order"):
        check_same_test(judge(one, gallery), judge(two, gallery))
    with pytest.raises(MaskreidError, match="60 gallery images against 59"):
        check_same_test(test, judge(query, gallery.take(np.arange(59))))
    with pytest.raises(MaskreidError, match="protocols differ, market1501 and cuhk03-classic"):
        check_same_test(test, in_order)


def test_people_are_looked_up_by_the_rows_of_all_queries(two) -> None:
    """Rows 0 and 3 were skipped; all others show one person, who is one chance."""
    a, b = (replace(each, queries=np.setdiff1d(np.arange(42), [0, 3])) for each in two)
    people = np.full(42, 7)
    people[[0, 3]] = 8, 9
    told = compare(a, b, people=people)["map"]
    assert told.p == 1
    assert told.interval == pytest.approx((told.difference, told.difference))


def test_rankings_of_one_query_are_one_chance(world) -> None:
    (query, gallery), (other, _) = world(0), world(0, noise=0.5)
    a, b = (evaluate_single_shot(each, gallery, repeats=5) for each in (query, other))
    gains = b.per_query()["map"] - a.per_query()["map"]
    people = query.identities[np.unique(a.queries)]
    together = np.array([gains[people == person].sum() for person in np.unique(people)])
    for told, chances in ((compare(a, b), gains), (compare(a, b, people=query.identities), together)):
        assert told["map"].difference == pytest.approx(b.map - a.map)
        assert told["map"].p == pytest.approx(sign_flip_p(chances[:, None], FLIPS, seed=0)[0])


def test_the_seed_decides_both_the_interval_and_p(two) -> None:
    a, b = two
    b = replace(b, ap=np.where(np.arange(40) % 2, a.ap + 0.1, a.ap - 0.08))
    one, same, other = (compare(a, b, resamples=50, flips=99, seed=seed)["map"] for seed in (1, 1, 2))
    assert (one.interval, one.p) == (same.interval, same.p)
    assert one.interval != other.interval
    assert one.p != other.p


def test_the_same_test_has_the_same_cameras_and_as_many_queries_in_the_same_order(world) -> None:
    query, gallery = world(0)
    query, gallery = (replace(each, paths=()) for each in (query, gallery))
    test = judge(query, gallery)
    other = replace(gallery, cameras=gallery.cameras + 1)
    with pytest.raises(MaskreidError, match="60 of 60 gallery images differ in identity or camera"):
        check_same_test(test, judge(query, other))
    with pytest.raises(MaskreidError, match="12 query images against 11"):
        check_same_test(test, judge(query.take(np.arange(11)), gallery))
    with pytest.raises(MaskreidError, match=r"\d+ of 12 query images differ in identity or camera"):
        check_same_test(test, judge(query.take(np.arange(12)[::-1]), gallery))


def test_a_gallery_may_come_in_another_order(world) -> None:
    query, gallery = world(0)
    check_same_test(judge(query, gallery), judge(query, gallery.take(np.arange(60)[::-1])))
