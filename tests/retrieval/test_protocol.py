from __future__ import annotations

import numpy as np
import pytest

from maskreid.errors import MaskreidError
from maskreid.retrieval import ALL_VS_ALL, MARKET1501, Features, evaluate


def on_a_line(identities: list[int], cameras: list[int], paths: tuple[str, ...] = ()) -> Features:
    """Features whose similarity to the first falls from row to row."""
    angles = np.arange(len(identities)) ** 2 / 20
    return Features.normalised(np.stack([np.cos(angles), np.sin(angles)], 1), identities, cameras, paths)


def test_market_passes_over_junk_and_the_same_camera() -> None:
    query = on_a_line([7], [1])
    #                    same camera, junk, distractor, correct, other person
    gallery = on_a_line([7, -1, 0, 7, 8], [1, 2, 2, 2, 2])
    metrics = evaluate(query, gallery)
    assert metrics.first_match.tolist() == [2], "only the distractor stands before it"
    assert metrics.map == 0.5


def test_another_person_in_the_same_camera_is_a_wrong_answer() -> None:
    assert evaluate(on_a_line([7], [1]), on_a_line([8, 7], [1, 2])).first_match.tolist() == [2]


def test_an_unknown_camera_is_never_the_same() -> None:
    assert evaluate(on_a_line([7], [-1]), on_a_line([7, 8], [-1, 2])).first_match.tolist() == [1]


def test_junk_in_the_same_camera_as_a_junk_query_is_no_match() -> None:
    query = on_a_line([-1, 0, 7], [1, 1, 1])
    metrics = evaluate(query, on_a_line([-1, 0, 7], [2, 2, 2]))
    assert metrics.queries.tolist() == [2]
    assert set(metrics.skipped) == {0, 1}
    assert "junk or a distractor" in metrics.skipped[0]


def test_all_vs_all_passes_over_the_own_image_only() -> None:
    people = on_a_line([7, 7, 8, 8], [1, 1, 1, 1], ("a", "b", "c", "d"))
    metrics = evaluate(people, people, ALL_VS_ALL)
    # a, b, c, d stand at 0, 1, 4, 9: a is nearest to b, b to a, c to b before a and d, d to c.
    assert metrics.first_match.tolist() == [1, 1, 3, 1]
    assert metrics.protocol is ALL_VS_ALL
    with pytest.raises(MaskreidError, match="4: identity only in the same camera"):
        evaluate(people, people, MARKET1501)


def test_all_vs_all_needs_paths() -> None:
    named, nameless = (on_a_line([7, 7], [1, 1], paths) for paths in (("a", "b"), ()))
    for query, gallery in ((nameless, nameless), (named, nameless), (nameless, named)):
        with pytest.raises(MaskreidError, match="expected paths"):
            evaluate(query, gallery, ALL_VS_ALL)
    junk = on_a_line([-1, -1], [1, 1], ("x", "y"))
    with pytest.raises(MaskreidError, match="identity not in the gallery"):
        evaluate(on_a_line([7], [1], ("q",)), junk, ALL_VS_ALL)


@pytest.mark.parametrize("twice", ["query", "gallery"])
def test_all_vs_all_refuses_one_path_for_two_images(twice: str) -> None:
    whole, base = (
        on_a_line([7, 7, 7], [1, 1, 2], paths)
        for paths in (("a/0.png", "a/1.png", "b/1.png"), ("0.png", "1.png", "1.png"))
    )
    with pytest.raises(MaskreidError, match=rf"{twice} has two images at 1\.png"):
        evaluate(base if twice == "query" else whole, base if twice == "gallery" else whole, ALL_VS_ALL)
    assert len(evaluate(base, base, MARKET1501).queries) == 3, "where paths do not matter, they are not looked at"


def test_all_vs_all_still_passes_over_junk() -> None:
    query = on_a_line([7], [1], ("q",))
    gallery = on_a_line([-1, 7, 7], [1, 1, 2], ("x", "y", "z"))
    assert evaluate(query, gallery, ALL_VS_ALL).map == 1
