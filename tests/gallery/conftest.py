"""Galleries of the synthetic world, by a network with random weights."""

from __future__ import annotations

from pathlib import Path

import pytest
from made_up import save

from maskreid.gallery import Gallery, enrol
from maskreid.images import Dataset


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return save(tmp_path_factory.mktemp("model") / "m")


@pytest.fixture(scope="session")
def other_model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return save(tmp_path_factory.mktemp("model") / "m", seed=1)


@pytest.fixture
def empty(tmp_path: Path, model: str) -> Gallery:
    return Gallery.create(tmp_path / "g", model, thumbnail=32)


@pytest.fixture
def filled(empty: Gallery, world: Dataset) -> Gallery:
    """The synthetic world's gallery images."""
    enrol(empty, world, splits=["gallery"], tags=["made up"], precision="float32")
    return empty
