from __future__ import annotations

import numpy as np
import pytest

from maskreid.errors import MaskreidError
from maskreid.retrieval import ALL_VS_ALL, MARKET1501, Features, Protocol, identity_scores


def made_up(count: int, seed: int, identities: list[int], cameras: int = 3) -> Features:
    rng = np.random.default_rng(seed)
    paths = tuple(f"{seed}/{row}.jpg" for row in range(count))
    return Features.normalised(
        rng.normal(size=(count, 8)), rng.choice(identities, count), rng.integers(1, cameras + 1, count), paths
    )


@pytest.mark.parametrize("protocol", [MARKET1501, ALL_VS_ALL], ids=lambda each: each.name)
@pytest.mark.parametrize("seed", range(4))
def test_equal_to_loops(protocol: Protocol, seed: int) -> None:
    query = made_up(17, seed, [-1, 0, 1, 2, 3, 9])
    gallery = made_up(60, seed + 10, [-1, 0, 1, 2, 3, 4])
    scores = identity_scores(query, gallery, protocol)
    askers = [row for row in range(17) if query.identities[row] > 0]
    assert scores.people.tolist() == [0, 1, 2, 3, 4]
    assert scores.sizes.tolist() == [int((gallery.identities == identity).sum()) for identity in range(5)]
    assert scores.asked.tolist() == query.identities[askers].tolist()
    assert scores.own.tolist() == [identity if identity < 5 else -1 for identity in scores.asked.tolist()]
    for line, row in zip(scores.best, askers, strict=True):
        for identity in range(5):
            best = -np.inf
            for other in range(60):
                own = query.identities[row] == gallery.identities[other]
                easy = (
                    query.cameras[row] == gallery.cameras[other]
                    if protocol.same_camera
                    else query.paths[row] == gallery.paths[other]
                )
                if gallery.identities[other] == identity and not (own and easy):
                    best = max(best, float(query.vectors[row] @ gallery.vectors[other]))
            assert line[identity] == pytest.approx(best, abs=1e-6)


def test_an_image_is_not_its_own_answer() -> None:
    everyone = made_up(12, 3, [1, 2, 3])
    scores = identity_scores(everyone, everyone, ALL_VS_ALL)
    assert scores.best.max() < 0.9999


def test_who_can_be_found_by_hand() -> None:
    """Persons 3 and 5 are in the gallery: 3 where camera 1 saw them, 5 where camera 2 did."""
    east, north = [1.0, 0.0], [0.0, 1.0]
    gallery = Features.normalised([north, east], [5, 3], [2, 1])
    query = Features.normalised([east, east, north, north, north], [3, 3, 5, 4, 9], [1, 2, 1, 1, 1])
    scores = identity_scores(query, gallery)
    assert scores.best.tolist() == [[-np.inf, 0], [1, 0], [0, 1], [0, 1], [0, 1]]
    assert scores.own.tolist() == [0, 0, 1, -1, -1]
    assert scores.findable.tolist() == [False, True, True, False, False]


def test_a_device_gives_the_same() -> None:
    query, gallery = made_up(17, 0, [1, 2, 3]), made_up(60, 10, [1, 2, 3])
    here, there = identity_scores(query, gallery), identity_scores(query, gallery, device="cpu")
    np.testing.assert_allclose(there.best, here.best, atol=1e-6)
    with pytest.raises(MaskreidError, match="device 'nowhere'"):
        identity_scores(query, gallery, device="nowhere")


def test_refuses_features_that_cannot_be_judged() -> None:
    two = Features(np.float32([[1, 0], [0, 1]]), np.array([7, 7]), np.array([1, 2]), model="a")
    with pytest.raises(MaskreidError, match="expected paths"):
        identity_scores(two, two, ALL_VS_ALL)
    with pytest.raises(MaskreidError, match="made by model a, gallery features by b"):
        identity_scores(two, Features(two.vectors, two.identities, two.cameras, model="b"))


def test_nobody_asks_or_answers() -> None:
    with pytest.raises(MaskreidError, match="not junk, got 0 and 3; look at the identities"):
        identity_scores(made_up(3, 0, [0, -1]), made_up(3, 1, [1]))
    with pytest.raises(MaskreidError, match="got 3 and 0"):
        identity_scores(made_up(3, 0, [1]), made_up(3, 1, [-1]))
