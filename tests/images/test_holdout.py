from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskreid.errors import MaskreidError
from maskreid.images import PersonImage, holdout_split, split_identities


def people(pairs: list[tuple[int, int]]) -> list[PersonImage]:
    return [PersonImage(f"{i:04d}.jpg", identity, camera) for i, (identity, camera) in enumerate(pairs)]


CROWD = people([(identity, camera) for identity in range(1, 21) for camera in (1, 2, 3)])


def test_no_identity_is_on_both_sides() -> None:
    learned, held = split_identities(CROWD, 0.25, seed=3)
    assert len({image.identity for image in held}) == 5
    assert not {image.identity for image in learned} & {image.identity for image in held}
    assert sorted(learned + held, key=lambda image: image.path) == CROWD


def test_the_seed_decides_and_nothing_else() -> None:
    held = {image.identity for image in split_identities(CROWD, 0.25, seed=3)[1]}
    assert {image.identity for image in split_identities(CROWD[::-1], 0.25, seed=3)[1]} == held
    assert any({image.identity for image in split_identities(CROWD, 0.25, seed=seed)[1]} != held for seed in range(9))


def test_the_same_people_are_held_out_for_ever() -> None:
    """Models' cards say only the seed and the share: by them it is known whom a model has learned."""
    assert {image.identity for image in split_identities(CROWD, 0.25, seed=3)[1]} == {4, 9, 13, 17, 19}


def test_both_sides_stay_in_order() -> None:
    images = CROWD[::2] + CROWD[1::2]
    for side in split_identities(images, 0.25, seed=3):
        assert side == [image for image in images if image in side]


def test_nobody_may_be_held_out_but_not_everybody() -> None:
    assert split_identities(CROWD, 0.0, seed=0) == (CROWD, [])
    with pytest.raises(MaskreidError, match="leaves none to learn"):
        split_identities(CROWD, 0.99, seed=0)
    for share in (-0.5, 1.0, float("nan")):
        with pytest.raises(MaskreidError, match="expected a share"):
            split_identities(CROWD, share, seed=0)


def test_junk_and_distractors_are_nobody_to_learn() -> None:
    images = people([(-1, 1), (0, 1), (1, 1), (2, 1)])
    learned, held = split_identities(images, 0.5, seed=0)
    assert {image.identity for image in learned + held} == {1, 2}


def test_one_query_for_each_identity_and_camera() -> None:
    images = people([(identity, camera) for identity in (1, 2) for camera in (1, 2) for _ in range(3)])
    query, gallery = holdout_split(images, seed=0)
    assert sorted((image.identity, image.camera) for image in query) == [(1, 1), (1, 2), (2, 1), (2, 2)]
    assert sorted(query + gallery, key=lambda image: image.path) == images


def test_the_same_queries_are_drawn_for_ever() -> None:
    """By which results on held-out people are compared; in whatever order people and cameras come."""
    images = people([(identity, camera) for identity in (2, 1) for camera in (2, 1) for _ in range(3)])
    drawn = [[image.path for image in holdout_split(images, seed)[0]] for seed in (0, 1)]
    assert drawn == [
        ["0001.jpg", "0005.jpg", "0008.jpg", "0010.jpg"],
        ["0001.jpg", "0004.jpg", "0006.jpg", "0010.jpg"],
    ]
    groups = images[9:] + images[6:9] + images[3:6] + images[:3]
    assert {image.path for image in holdout_split(groups, 0)[0]} == set(drawn[0])


@pytest.mark.parametrize(
    ("pairs", "queries"),
    [
        ([(1, 1), (1, 2)], 1),  # two queries would have no gallery
        ([(1, 1), (1, 1), (2, 1), (2, 2)], 1),  # 1 is under one camera only
        ([(1, -1), (1, -1)], 1),  # unknown cameras are taken to differ
        ([(1, -1), (1, 4)], 1),
        ([(0, 1), (0, 2), (0, 2), (1, 1), (1, 2)], 1),  # distractors are never asked for
    ],
)
def test_an_unanswerable_image_stays_in_the_gallery(pairs: list[tuple[int, int]], queries: int) -> None:
    query, gallery = holdout_split(people(pairs), seed=0)
    assert len(query) == queries
    assert len(query) + len(gallery) == len(pairs)


@pytest.mark.parametrize("pairs", [[], [(1, 1), (1, 1)], [(1, -1), (2, -1)]])
def test_without_a_single_query_it_says_so(pairs: list[tuple[int, int]]) -> None:
    with pytest.raises(MaskreidError, match="no query can be made"):
        holdout_split(people(pairs), seed=0)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.sampled_from([-1, 1, 2, 3])), max_size=20), st.integers(0, 5))
def test_every_query_has_a_match(pairs: list[tuple[int, int]], seed: int) -> None:
    images = people(pairs)
    try:
        query, gallery = holdout_split(images, seed)
    except MaskreidError:
        for one in images:  # then indeed no two images of a person could be query and match
            for other in images:
                if one is not other and one.identity == other.identity > 0:
                    assert one.camera == other.camera != -1
        return
    assert sorted(query + gallery, key=lambda image: image.path) == images
    for one in query:
        assert one.identity > 0
        assert any(
            one.identity == other.identity and (one.camera != other.camera or one.camera == -1) for other in gallery
        )
