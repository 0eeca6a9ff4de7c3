"""A served gallery of the synthetic world, by a network with random weights."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uvicorn
from browsing import Site
from made_up import save
from playwright.sync_api import Browser, Page, sync_playwright
from sending import png_of
from starlette.testclient import TestClient

from maskreid.gallery import Asker, Gallery, enrol
from maskreid.images import Dataset
from maskreid.web.app import make_app
from maskreid.web.desk import Desk
from maskreid.web.runs import Runs
from maskreid.web.serve import _listen


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


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = shutil.which("chromium")
    if path is None:
        pytest.fail("no chromium here: apt-get install --no-install-recommends chromium, or make test-web as root")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture
def site(gallery: Gallery, asker: Asker, world: Dataset, tmp_path: Path) -> Iterator[Site]:
    rng = np.random.default_rng(0)
    arrays: dict[str, Any] = {}
    for part in ("query", "gallery"):
        images = world.splits[part]
        arrays[f"{part}_features"] = rng.normal(size=(len(images), 8))
        arrays[f"{part}_identities"] = np.array([image.identity for image in images])
        arrays[f"{part}_cameras"] = np.array([image.camera for image in images])
        arrays[f"{part}_paths"] = np.array([image.path for image in images])
    for name in ("one", "two"):
        np.savez(tmp_path / f"{name}.npz", **arrays)
    runs = Runs([str(tmp_path / "one.npz"), str(tmp_path / "two.npz")], world)
    desk = Desk(gallery, asker, runs=runs)
    listening = _listen("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(make_app(desk), log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    yield Site(f"http://127.0.0.1:{listening.getsockname()[1]}", desk)
    server.should_exit = True
    thread.join(20)
    listening.close()


@pytest.fixture
def page(browser: Browser, site: Site) -> Iterator[Page]:
    """A page whose scripts raise nothing, and which asks nobody else."""
    context = browser.new_context(base_url=site.address)
    context.set_default_timeout(15_000)
    made = context.new_page()
    wrong: list[str] = []
    made.on("pageerror", lambda error: wrong.append(str(error)))
    made.on("request", lambda request: _elsewhere(request.url, site.address, wrong))
    yield made
    context.close()
    assert wrong == []


def _elsewhere(url: str, address: str, wrong: list[str]) -> None:
    if not url.startswith((address, "data:", "blob:")):
        wrong.append(url)
