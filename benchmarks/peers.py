"""torchreid's evaluation and re-ranking, from its published package, to be measured beside maskreid's.

The package is pyppbox-torchreid (MIT), torchreid with its Cython evaluator compiled; ``make bench`` installs it into
an environment of its own. Its files are loaded one by one: the package as a whole imports torchvision and more.
"""

from __future__ import annotations

import importlib.util
import warnings
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from maskreid.retrieval import Features

PACKAGE = "pyppbox_torchreid"


@cache
def _file(pattern: str) -> ModuleType:
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit(f"{PACKAGE} is not installed; run this through `make bench`")
    path = next(Path(spec.submodule_search_locations[0]).glob(pattern))
    own = importlib.util.spec_from_file_location(path.name.split(".")[0], path)
    assert own
    assert own.loader
    module = importlib.util.module_from_spec(own)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the Python evaluator warns that the Cython one is not where it looks
        own.loader.exec_module(module)
    return module


def distances(one: Features, other: Features) -> np.ndarray:
    """Squared Euclidean distances, (Q, G) float32, by the product that NumPy makes for maskreid too."""
    matrix = one.vectors @ other.vectors.T
    matrix *= -2
    matrix += 2
    return matrix


def own_distances(one: Features, other: Features) -> np.ndarray:
    """Return the same by torchreid's own function, which needs torch."""
    import torch

    compute = _file("metrics/distance.py").compute_distance_matrix
    return np.asarray(compute(torch.from_numpy(one.vectors), torch.from_numpy(other.vectors)))


def evaluate_cython(matrix: np.ndarray, query: Features, gallery: Features) -> tuple[float, float]:
    """Rank-1 and mAP of torchreid's Cython evaluator, which knows no junk: leave it out before."""
    module = _file("metrics/rank_cylib/rank_cy.*.so")
    return _scores(module.evaluate_cy, matrix, query, gallery)


def evaluate_python(matrix: np.ndarray, query: Features, gallery: Features) -> tuple[float, float]:
    """Rank-1 and mAP of torchreid's Python evaluator, likewise."""
    return _scores(_file("metrics/rank.py").eval_market1501, matrix, query, gallery)


def rerank(query: Features, gallery: Features) -> np.ndarray:
    """Final distances, (Q, G) float32, of torchreid's re-ranking. It squares, so it is given square roots."""
    pairs = ((query, gallery), (query, query), (gallery, gallery))
    matrices = [np.sqrt(np.maximum(distances(*pair), 0)) for pair in pairs]
    return np.asarray(_file("utils/rerank.py").re_ranking(*matrices))


def _scores(function: Any, matrix: np.ndarray, query: Features, gallery: Features) -> tuple[float, float]:
    labels = (query.identities, gallery.identities, query.cameras, gallery.cameras)
    arguments = (matrix, *labels, 50, False) if "cy" in function.__name__ else (matrix, *labels, 50)
    cmc, mean_ap = function(*arguments)
    return float(cmc[0]), float(mean_ap)
