"""A network adapted to other cameras, against loops and made-up cameras."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from maskreid.errors import MaskreidError
from maskreid.network import MaskReID, NetworkConfig, adapted
from maskreid.network.adapt import BETWEEN, FEWEST_PAIRS, whitening


def two_cameras(people: int, seed: int = 0, dimension: int = 64) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """One image of each person in each camera, first all of camera 1, then all of camera 2, in the same order.

    Cameras differ in the first direction. In the second, much larger than the others, every image is anywhere.
    """
    rng = np.random.default_rng(seed)
    person = rng.normal(size=(people, dimension))
    features = np.concatenate([person, person]) + 0.3 * rng.normal(size=(2 * people, dimension))
    features[:people, 0] += 10
    features[:, 1] = 10 * rng.normal(size=2 * people)
    return features.astype(np.float32), np.repeat([1, 2], people)


def found(features: NDArray[np.float64]) -> float:
    """Rank-1 of the first half, which searches the second."""
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    query, gallery = np.split(unit, 2)
    return float(np.mean((query @ gallery.T).argmax(1) == np.arange(len(query))))


def slow_matrix(within: NDArray[np.float64], between: NDArray[np.float64], parts: int) -> NDArray[np.float64]:
    """The inverse root, element by element, by Newton's iteration (Denman and Beavers) and not by eigenvectors."""
    dimension = within.shape[1]
    size = dimension // parts
    matrix = np.zeros((dimension, dimension))
    for part in range(parts):
        own = range(part * size, (part + 1) * size)
        inside, outside = np.zeros((size, size)), np.zeros((size, size))
        for rows, total in ((within, inside), (between, outside)):
            for row in rows:
                for i, a in enumerate(own):
                    for j, b in enumerate(own):
                        total[i, j] += row[a] * row[b] / len(rows)
        mean = sum(inside[i, i] + outside[i, i] for i in range(size)) / size
        root, inverse = inside + BETWEEN * outside, np.eye(size)
        for i in range(size):
            root[i, i] += (1 + size / len(within)) * mean
        root /= mean
        for _ in range(60):
            root, inverse = (root + np.linalg.inv(inverse)) / 2, (inverse + np.linalg.inv(root)) / 2
        for i, a in enumerate(own):
            for j, b in enumerate(own):
                matrix[a, b] = inverse[i, j]
    return matrix


@pytest.mark.parametrize("parts", [1, 4])
@pytest.mark.parametrize("people", [12, 80])  # too few pairs to learn from, and enough
def test_whitening_is_what_loops_make_of_it(parts: int, people: int) -> None:
    features, cameras = two_cameras(people, dimension=32)
    centre, matrix = whitening(features, cameras, parts)
    first, second = (features[cameras == camera].astype(np.float64) for camera in (1, 2))
    mean = (first.mean(0) + second.mean(0)) / 2
    between = np.array([(first.mean(0) if camera == 1 else second.mean(0)) - mean for camera in cameras])
    expected = slow_matrix(features - mean - between, between, parts)
    similar = [[cosine(a @ expected, b @ expected) for b in second - mean] for a in first - mean]
    pairs = [(i, int(np.argmax(row))) for i, row in enumerate(similar)]
    mutual = [(i, j) for i, j in pairs if i == int(np.argmax([row[j] for row in similar]))]
    assert (len(mutual) >= FEWEST_PAIRS) == (people == 80)
    if people == 80:
        apart = [(first[i] - first.mean(0) - second[j] + second.mean(0)) / 2**0.5 for i, j in mutual]
        expected = slow_matrix(np.array(apart), between, parts)
    np.testing.assert_allclose(centre, mean, atol=1e-5)
    np.testing.assert_allclose(matrix, expected, atol=1e-5)


def test_cameras_differences_are_pressed_down_a_hundred_times_more() -> None:
    """Images at (2 +- 1, +-1) and (-2 +- 1, +-1): 1 within a camera in both directions, 4 between them in one."""
    corners, apart = np.float32([[1, 1], [1, -1], [-1, 1], [-1, -1]]), np.float32([2, 0])
    centre, matrix = whitening(np.concatenate([corners + apart, corners - apart]), np.repeat([1, 2], 4))
    mean, shrinkage = (1 + 1 + 4) / 2, (1 + 2 / 8) * 3
    assert centre.tolist() == [0, 0]
    expected = [[(mean / (1 + 100 * 4 + shrinkage)) ** 0.5, 0], [0, (mean / (1 + shrinkage)) ** 0.5]]
    np.testing.assert_allclose(matrix, expected, atol=1e-12)


@pytest.mark.parametrize(("people", "known"), [(39, False), (40, True)])
def test_forty_pairs_say_what_is_not_to_be_seen(people: int, known: bool) -> None:
    """Two images of a person differ in the first direction alone, and people much more in all others."""
    person = 10 * np.random.default_rng(0).normal(size=(people, 9))
    person[:, 0] = (-1.0) ** np.arange(people)
    features = np.concatenate([person, person * [-1, 1, 1, 1, 1, 1, 1, 1, 1]]).astype(np.float32)
    _, matrix = whitening(features, np.repeat([1, 2], people))
    assert (matrix[0, 0] < matrix[1, 1]) == known


def cosine(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


@pytest.mark.parametrize("people", [25, 400])
def test_people_whom_nobody_labelled_are_found_again(people: int) -> None:
    features, cameras = two_cameras(people)
    others, _ = two_cameras(100, seed=1)
    centre, matrix = whitening(features, cameras)
    assert found(others.astype(np.float64)) < 0.6
    assert found((others - centre) @ matrix) > 0.9


def test_cameras_need_not_be_known() -> None:
    features, cameras = two_cameras(400)
    others, _ = two_cameras(100, seed=1)
    centre, matrix = whitening(features, np.full_like(cameras, -1))
    assert found((others - centre) @ matrix) > 0.9


@pytest.mark.parametrize("cameras", [np.arange(60), np.repeat([3, 7], [59, 1])], ids=["one each", "one alone"])
def test_a_camera_may_have_one_image(cameras: NDArray[np.int64]) -> None:
    features, _ = two_cameras(30)
    centre, matrix = whitening(features, cameras, 2)
    assert np.isfinite(matrix).all()
    assert np.linalg.matrix_rank(matrix) == 64
    means = [features[cameras == camera].mean(0) for camera in set(cameras.tolist())]
    np.testing.assert_allclose(centre, sum(means) / len(means), atol=1e-5)


@pytest.mark.parametrize("other", [0, 32], ids=["the same in all", "the same in the second part"])
def test_two_cameras_may_have_the_same_images(other: int) -> None:
    features, _ = two_cameras(60)
    again = features.copy()
    again[:, :other] += np.random.default_rng(1).normal(size=(120, other))
    centre, matrix = whitening(np.concatenate((features, again)), np.repeat([1, 2], len(features)), 2)
    np.testing.assert_allclose(centre, (features + again).mean(0, dtype=np.float64) / 2, atol=1e-6)
    assert np.linalg.matrix_rank(matrix) == 64


def test_many_cameras_need_no_more_memory_than_few() -> None:
    features = np.random.default_rng(0).normal(size=(1200, 64)).astype(np.float32)
    peaks = []
    for count in (2, 200):
        tracemalloc.start()
        whitening(features, np.arange(1200) % count)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0]


@pytest.mark.parametrize("parts", [1, 2])
def test_images_of_one_feature_are_refused(parts: int) -> None:
    features = np.random.default_rng(0).normal(size=(60, 8)).astype(np.float32)
    features[:, 4 if parts == 2 else 0 :] = 3
    with pytest.raises(MaskreidError, match="all images have the same feature"):
        whitening(features, np.zeros(60, np.int64), parts)


@pytest.mark.parametrize(("bands", "neck"), [(0, "none"), (3, "none"), (0, "bn")])
def test_the_network_makes_the_whitened_feature(bands: int, neck: str) -> None:
    random = torch.Generator().manual_seed(0)
    config = NetworkConfig(width=0.25, dimension=16, input_size=(48, 32), bands=bands, neck=neck)  # type: ignore[arg-type]
    network = MaskReID(config, random).eval()
    assert network.fc7_bn.running_mean is not None
    network.fc7_bn.running_mean.normal_(generator=random)
    torch.nn.init.normal_(network.fc7_bn.weight, 1, 0.2, generator=random)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    image, masked = (50 * torch.randn(60, 3, 48, 32, generator=random) for _ in range(2))
    with torch.inference_mode():
        features = network(image, masked).numpy()
        cameras = np.arange(60) % 2
        other = adapted(network, features, cameras)
        found = other(image, masked).numpy()
    centre, matrix = whitening(features, cameras, config.parts)
    expected = (features - centre) @ matrix
    np.testing.assert_allclose(found, expected, atol=1e-4 * np.abs(expected).max())
    assert other.config == config
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert sum(p.requires_grad for p in other.parameters()) == sum(p.requires_grad for p in network.parameters())


def test_a_network_that_learns_is_adapted_as_it_searches_and_left_alone() -> None:
    random = torch.Generator().manual_seed(0)
    network = MaskReID(NetworkConfig(width=0.25, dimension=16, input_size=(48, 32)), random).train()
    other = adapted(network, np.random.default_rng(0).normal(size=(60, 16)).astype(np.float32), np.arange(60) % 2)
    assert network.training
    assert not other.training
