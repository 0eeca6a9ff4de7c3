from __future__ import annotations

import numpy as np
import pytest

from maskreid.errors import MaskreidError
from maskreid.retrieval import Features, pool_queries


def test_pools_the_boxes_of_the_same_identity_and_camera() -> None:
    query = Features(np.float32([[0, 0, 1], [1, 0, 0]]), np.array([1, 2]), np.array([1, 3]), ("q1", "q2"), "m")
    boxes = Features(
        np.float32([[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 1], [0, 1, 0]]),
        np.array([1, 1, 1, 2, 2]),
        np.array([1, 1, 2, 1, 3]),
    )
    pooled = pool_queries(query, boxes)
    half = np.sqrt(0.5)
    assert pooled.vectors == pytest.approx(np.array([[half, half, 0], [0, 1, 0]]), abs=1e-6)
    assert (pooled.identities.tolist(), pooled.cameras.tolist()) == ([1, 2], [1, 3])
    assert (pooled.paths, pooled.model) == (("q1", "q2"), "m")


def test_equals_loops(world) -> None:
    query, boxes = world(0, gallery=300)
    seen = query.cameras != -1
    query = Features(query.vectors[seen], query.identities[seen], query.cameras[seen])
    pooled = pool_queries(query, boxes)
    for row in range(len(query)):
        own = [
            boxes.vectors[box].astype(np.float64)
            for box in range(len(boxes))
            if boxes.identities[box] == query.identities[row] and boxes.cameras[box] == query.cameras[row]
        ]
        expected = sum(own) / len(own)
        assert pooled.vectors[row] == pytest.approx(expected / np.linalg.norm(expected), abs=1e-6)


def test_refuses() -> None:
    one = np.float32([[1, 0]])
    query = Features(one, np.array([1]), np.array([1]), ("0001_c1.jpg",))
    with pytest.raises(MaskreidError, match=r"no box of identity 1 in camera 1, which query 0001_c1.jpg"):
        pool_queries(query, Features(one, np.array([1]), np.array([2])))
    unknown = Features(one, np.array([1]), np.array([-1]))
    with pytest.raises(MaskreidError, match="in camera -1"):
        pool_queries(unknown, unknown)
    with pytest.raises(MaskreidError, match="2 numbers a row"):
        pool_queries(query, Features(np.float32([[1, 0, 0]]), np.array([1]), np.array([1])))
    opposite = Features(np.float32([[1, 0], [-1, 0]]), np.array([1, 1]), np.array([1, 1]))
    with pytest.raises(MaskreidError, match=r"row 0 .*all zeros"):
        pool_queries(query, opposite)
