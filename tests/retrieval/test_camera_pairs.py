from __future__ import annotations

import numpy as np
import pytest

from maskreid.errors import MaskreidError
from maskreid.retrieval import ALL_VS_ALL, MARKET1501, CameraPairs, Features, camera_pairs, everyone


def slow(query: Features, gallery: Features, same_camera: bool) -> dict[tuple[int, int], list[tuple[int, float]]]:
    """(query camera, gallery camera) -> for each query with an answer there: first match, AP; by loops."""
    cells: dict[tuple[int, int], list[tuple[int, float]]] = {}
    for q in range(len(query)):
        if query.identities[q] <= 0:
            continue
        similarities = [float(query.vectors[q] @ vector) for vector in gallery.vectors]
        order = sorted(range(len(gallery)), key=lambda g, s=similarities: (-s[g], g))
        for camera in set(gallery.cameras.tolist()):
            rank, found, first, ap = 0, 0, 0, 0.0
            for g in order:
                right = gallery.identities[g] == query.identities[q]
                own_camera = query.cameras[q] == gallery.cameras[g] != -1
                own_image = query.paths[q] == gallery.paths[g]
                if gallery.identities[g] == -1 or (right and (own_camera if same_camera else own_image)):
                    continue
                if right and gallery.cameras[g] != camera:
                    continue
                rank += 1
                if right:
                    found += 1
                    first = first or rank
                    ap += found / rank
            if found:
                cells.setdefault((int(query.cameras[q]), camera), []).append((first, ap / found))
    return cells


@pytest.mark.parametrize("protocol", [MARKET1501, ALL_VS_ALL], ids=lambda each: each.name)
@pytest.mark.parametrize("seed", range(4))
def test_equals_the_loops(world, seed: int, protocol) -> None:
    query, gallery = world(seed, queries=25)
    if not protocol.same_camera:
        query = gallery = everyone(query, gallery)
    pairs = camera_pairs(query, gallery, protocol)
    expected = slow(query, gallery, protocol.same_camera)
    found = {}
    for a, one in enumerate(pairs.query_cameras.tolist()):
        for b, other in enumerate(pairs.gallery_cameras.tolist()):
            if pairs.queries[a, b]:
                found[one, other] = (pairs.queries[a, b], pairs.rank1[a, b], pairs.map[a, b])
            else:
                assert np.isnan(pairs.rank1[a, b])
                assert np.isnan(pairs.map[a, b])
    assert found.keys() == expected.keys()
    for pair, results in expected.items():
        count, rank1, mean_ap = found[pair]
        assert count == len(results)
        assert rank1 == pytest.approx(np.mean([first == 1 for first, _ in results]))
        assert mean_ap == pytest.approx(np.mean([ap for _, ap in results]))


def test_by_hand() -> None:
    """One query of camera 1; in its order: right by camera 3, wrong by camera 2, right by camera 2."""
    angles = np.array([0.1, 0.2, 0.3])
    gallery = Features.normalised(np.stack([np.cos(angles), np.sin(angles)], 1), [7, 8, 7], [3, 2, 2])
    query = Features(np.float32([[1, 0]]), np.array([7]), np.array([1]))
    pairs = camera_pairs(query, gallery)
    assert pairs.query_cameras.tolist() == [1]
    assert pairs.gallery_cameras.tolist() == [2, 3]
    assert pairs.rank1.tolist() == [[0, 1]]
    assert pairs.map.tolist() == [[0.5, 1]], "the right answer by camera 3 takes no position in camera 2's ranking"
    assert pairs.as_list() == [
        {"query_camera": 1, "gallery_camera": 2, "queries": 1, "rank1": 0.0, "map": 50.0},
        {"query_camera": 1, "gallery_camera": 3, "queries": 1, "rank1": 100.0, "map": 100.0},
    ]


def test_cameras_without_a_question_or_an_answer_are_not_in_the_table() -> None:
    """Cameras 4 and 5 ask for a distractor and a stranger; cameras 8 and 9 saw a distractor and somebody else."""
    unit = np.float32([[1, 0], [1, 0], [1, 0]])
    query = Features(unit, np.array([7, 0, 6]), np.array([1, 4, 5]))
    gallery = Features(unit, np.array([7, 0, 5]), np.array([2, 8, 9]))
    pairs = camera_pairs(query, gallery)
    assert (pairs.query_cameras.tolist(), pairs.gallery_cameras.tolist()) == ([1], [2])
    assert (pairs.queries.tolist(), pairs.rank1.tolist(), pairs.map.tolist()) == ([[1]], [[1]], [[1]])


def test_json_has_percentages_of_the_pairs_that_have_queries() -> None:
    rank1, mean_ap = np.array([[1 / 3, np.nan]]), np.array([[0.123456, np.nan]])
    pairs = CameraPairs(np.array([4]), np.array([1, 2]), np.array([[3, 0]]), rank1, mean_ap)
    assert pairs.as_list() == [{"query_camera": 4, "gallery_camera": 1, "queries": 3, "rank1": 33.33, "map": 12.35}]


def test_nobody_to_find() -> None:
    one = Features(np.float32([[1, 0]]), np.array([7]), np.array([1]))
    with pytest.raises(MaskreidError, match="no query has a correct match"):
        camera_pairs(one, one)


def test_refuses_features_that_cannot_be_judged() -> None:
    two = Features(np.float32([[1, 0], [0, 1]]), np.array([7, 7]), np.array([1, 2]))
    with pytest.raises(MaskreidError, match="expected paths"):
        camera_pairs(two, two, ALL_VS_ALL)
    with pytest.raises(MaskreidError, match="numbers a row"):
        camera_pairs(two, Features(np.float32([[1, 0, 0]]), np.array([7]), np.array([1])))
