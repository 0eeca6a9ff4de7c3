"""A served gallery of the synthetic world, by a network with random weights."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from made_up import save
from sending import png_of
from starlette.testclient import TestClient

from maskreid.gallery import Asker, Gallery, enrol
from maskreid.images import Dataset
from maskreid.web.app import make_app
from maskreid.web.desk import Desk


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return save(tmp_path_factory.mktemp("model") / "m")


@pytest.fixture(scope="session")
def enrolled(tmp_path_factory: pytest.TempPathFactory, model: str, world: Dataset) -> Gallery:
    """Not to be changed."""
    made = Gallery.create(tmp_path_factory.mktemp("enrolled") / "g", model, thumbnail=64)
    enrol(made, world, splits=["gallery"], tags=["made up", "<script>alert(1)</script>"])
    return made


@pytest.fixture
def gallery(tmp_path: Path, enrolled: Gallery) -> Gallery:
    shutil.copytree(enrolled.path, tmp_path / "g")
    return Gallery(tmp_path / "g")


@pytest.fixture(scope="session")
def asker(enrolled: Gallery) -> Asker:
    return Asker(enrolled)


@pytest.fixture
def desk(gallery: Gallery, asker: Asker) -> Desk:
    return Desk(gallery, asker)


@pytest.fixture
def client(desk: Desk) -> Iterator[TestClient]:
    with TestClient(make_app(desk), base_url="http://127.0.0.1:8000") as made:
        yield made


@pytest.fixture(scope="session")
def image(world: Dataset) -> bytes:
    return png_of(world, 0)
