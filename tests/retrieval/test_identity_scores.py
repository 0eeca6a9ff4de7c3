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


def test_nobody_asks_or_answers() -> None:
    with pytest.raises(MaskreidError, match="not junk, got 0 and 3; look at the identities"):
        identity_scores(made_up(3, 0, [0, -1]), made_up(3, 1, [1]))
    with pytest.raises(MaskreidError, match="got 3 and 0"):
        identity_scores(made_up(3, 0, [1]), made_up(3, 1, [-1]))
