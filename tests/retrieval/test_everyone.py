from __future__ import annotations

import numpy as np
import pytest

from maskreid.errors import MaskreidError
from maskreid.retrieval import Features, everyone


def test_an_image_in_both_is_there_once() -> None:
    rows = np.float32([[1, 0], [0, 1]])
    query = Features(rows, np.array([7, 8]), np.array([1, 2]), ("a", "b"), "m")
    gallery = Features(rows[::-1].copy(), np.array([8, 9]), np.array([2, 3]), ("b", "c"), "m")
    both = everyone(query, gallery)
    assert both.paths == ("a", "b", "c")
    assert both.identities.tolist() == [7, 8, 9]
    assert both.cameras.tolist() == [1, 2, 3]
    assert both.vectors.tolist() == [[1, 0], [0, 1], [1, 0]]
    assert both.model == "m"
    again = everyone(both, both)
    assert again.paths == both.paths


def test_without_paths_names_are_made_up(world) -> None:
    query, gallery = world(0)
    nameless = Features(query.vectors, query.identities, query.cameras)
    both = everyone(nameless, gallery)
    assert len(set(both.paths)) == len(query) + len(gallery)
    assert both.paths[0] == "query 0"


def test_refuses_features_that_do_not_fit() -> None:
    one = Features(np.float32([[1, 0]]), np.array([7]), np.array([1]))
    with pytest.raises(MaskreidError, match="numbers a row"):
        everyone(one, Features(np.float32([[1, 0, 0]]), np.array([7]), np.array([1])))


@pytest.mark.parametrize(("identity", "camera"), [(9, 2), (8, 3)])
def test_one_path_of_two_images_is_refused(identity: int, camera: int) -> None:
    rows = np.float32([[1, 0]])
    query = Features(rows, np.array([8]), np.array([2]), ("0001.png",))
    gallery = Features(rows, np.array([identity]), np.array([camera]), ("0001.png",))
    with pytest.raises(MaskreidError, match=rf"0001\.png is of identity 8 and camera 2 in query, of {identity} and"):
        everyone(query, gallery)
