"""torchreid's evaluation, re-ranking and input, from its published package, to be measured beside maskreid's.

The package is pyppbox-torchreid (MIT), torchreid with its Cython evaluator compiled; ``make bench`` installs it into
an environment of its own. Its files are loaded one by one: the package as a whole imports torchvision and more.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import io
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
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


def input_rate(files: Sequence[Path], batch: int, workers: int) -> float:
    """Images a second of torchreid's training transforms in PyTorch's loader, at 144 x 56, from JPEG files.

    Reading, enlarging, cropping and erasing are torchreid's own code. The five transforms that it takes from
    torchvision, which does not import beside the CPU build of torch, are written here as torchvision does them on
    Pillow images. An epoch before the clock starts brings the workers up and the files into memory.
    """
    from torch.utils.data import DataLoader

    loader = DataLoader(
        _Files(list(files)), batch, shuffle=True, num_workers=workers, drop_last=True, persistent_workers=workers > 0
    )
    for _ in loader:
        pass
    start, images = time.perf_counter(), 0
    for each in loader:
        images += len(each)
    return images / (time.perf_counter() - start)


class _Files:
    def __init__(self, files: list[Path]) -> None:
        with _torchvision_stand_in(), contextlib.redirect_stdout(io.StringIO()):
            module = _file("data/transforms.py")
            self._transform, _ = module.build_transforms(144, 56, ["random_flip", "random_crop", "random_erase"])
        self._read = _file("utils/tools.py").read_image
        self._files = files

    def __len__(self) -> int:
        return len(self._files)

    def __getitem__(self, index: int) -> Any:
        return self._transform(self._read(str(self._files[index])))


@contextlib.contextmanager
def _torchvision_stand_in() -> Iterator[None]:
    """Give torchreid's file what it imports from torchvision.transforms."""
    import torch
    from PIL import Image

    def resize(size: tuple[int, int]) -> Callable[[Any], Any]:
        return lambda image: image.resize(size[::-1], Image.Resampling.BILINEAR)

    def flip() -> Callable[[Any], Any]:
        return lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if torch.rand(1) < 0.5 else image

    def to_tensor() -> Callable[[Any], Any]:
        return lambda image: torch.from_numpy(np.array(image)).permute(2, 0, 1).contiguous().float().div(255)

    def normalize(mean: Any, std: Any) -> Callable[[Any], Any]:
        centre, scale = (torch.as_tensor(values).view(-1, 1, 1) for values in (mean, std))
        return lambda image: image.sub_(centre).div_(scale)

    def compose(steps: list[Callable[[Any], Any]]) -> Callable[[Any], Any]:
        return lambda image: functools.reduce(lambda value, step: step(value), steps, image)

    package, module = ModuleType("torchvision"), ModuleType("torchvision.transforms")
    for name, value in {
        "Resize": resize,
        "RandomHorizontalFlip": flip,
        "ToTensor": to_tensor,
        "Normalize": normalize,
        "Compose": compose,
        "ColorJitter": None,
    }.items():
        setattr(module, name, value)
    stand_ins = {"torchvision": package, "torchvision.transforms": module}
    before = {name: sys.modules.get(name) for name in stand_ins}
    sys.modules.update(stand_ins)
    try:
        yield
    finally:
        for name, old in before.items():
            if old is None:
                del sys.modules[name]
            else:
                sys.modules[name] = old
