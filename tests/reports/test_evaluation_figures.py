"""Which figures a test gives, and two tests."""

from __future__ import annotations

import numpy as np
import pytest

from maskreid.errors import MaskreidError
from maskreid.reports import Details, Examined, evaluation_figures, examine
from maskreid.retrieval import NAMED_PROTOCOLS, Features, judge
from maskreid.retrieval.thresholds import thresholds


def features(seed: int, noise: float, cameras: tuple[int, ...], people: int = 8) -> Features:
    rng = np.random.default_rng(seed)
    identities = np.repeat(np.arange(1, people + 1), len(cameras))
    centres = np.random.default_rng(0).normal(size=(people + 1, 8))
    vectors = centres[identities] + noise * rng.normal(size=(len(identities), 8))
    return Features.normalised(
        vectors, identities, np.tile(cameras, people), [f"{seed}-{n}" for n in range(len(identities))]
    )


def examined(name: str, noise: float = 1.0) -> Examined:
    judgement = judge(features(1, noise, (1, 2)), features(2, noise, (1, 2, 3)))
    return Examined(name, judgement, examine(judgement, worst=3))


def test_one_test_gives_every_figure_that_it_was_examined_for() -> None:
    assert list(evaluation_figures([examined("a")])) == [
        "cmc", "average-precision", "similarities", "roc", "det", "camera-pairs",
    ]  # fmt: skip
    bare = examined("a")
    assert list(evaluation_figures([Examined("a", bare.judgement, Details())])) == ["cmc", "average-precision"]


def test_two_tests_of_the_same_people_are_also_compared() -> None:
    a, b = examined("a"), examined("b", 0.5)
    figures = evaluation_figures([a, b])
    added = {"difference", "average-precision-change", "camera-pairs-a", "camera-pairs-b", "camera-pairs-gain"}
    assert added <= set(figures)
    assert "camera-pairs" not in figures
    gain = 100 * (b.judgement.main.map - a.judgement.main.map)
    assert f"mAP {gain:+.2f}" in figures["difference"].words


def test_two_tests_of_other_people_are_drawn_but_not_compared() -> None:
    other = judge(features(3, 1, (1, 2), people=6), features(4, 1, (1, 2, 3), people=6))
    figures = evaluation_figures([examined("a"), Examined("b", other, examine(other))])
    assert "cmc" in figures
    assert not {"difference", "average-precision-change", "camera-pairs-gain"} & set(figures)


def test_a_camera_map_has_the_letter_of_its_test() -> None:
    a, b = examined("a"), examined("b")
    figures = evaluation_figures([Examined("a", a.judgement, Details()), b])
    assert [name for name in figures if name.startswith("camera-pairs")] == ["camera-pairs-b"]


def test_draws_from_galleries_in_another_order_are_not_compared() -> None:
    drawn = NAMED_PROTOCOLS["cuhk03-classic"]
    query, gallery = features(1, 1, (1, 2)), features(2, 1, (1, 2, 3))
    backwards = gallery.take(np.arange(len(gallery))[::-1])
    a, same, b = (
        Examined(name, judge(query, each, protocol=drawn), Details())
        for name, each in (("a", gallery), ("b", gallery), ("b", backwards))
    )
    assert "difference" in evaluation_figures([a, same])
    assert "difference" not in evaluation_figures([a, b])


def test_names_must_differ() -> None:
    with pytest.raises(MaskreidError, match="names of their own"):
        evaluation_figures([examined("a"), examined("a")])


def test_thresholds_are_the_test_s_own_without_a_calibration() -> None:
    found = examined("a").details
    assert found.similar
    assert found.thresholds == thresholds(found.similar)


def test_too_few_people_or_cameras_leave_figures_out() -> None:
    judgement = judge(features(1, 1, (-1,), people=1), features(2, 1, (-1, -1), people=1))
    found = examine(judgement)
    assert found.pairs is None
    assert found.open_set is None


def test_drawn_galleries_have_no_camera_pairs_and_no_open_set() -> None:
    judgement = judge(features(1, 1, (1,)), features(2, 1, (2, 2)), protocol=NAMED_PROTOCOLS["cuhk03-classic"])
    found = examine(judgement)
    assert found.pairs is None
    assert found.open_set is None
    assert found.similar is not None
