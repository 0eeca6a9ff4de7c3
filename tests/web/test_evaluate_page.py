from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient

from maskreid.gallery import Asker, Gallery
from maskreid.images import Dataset
from maskreid.web.app import make_app
from maskreid.web.desk import Desk
from maskreid.web.runs import Runs


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, world: Dataset) -> Path:
    """Two files of features of the synthetic world, one better than the other."""
    out = tmp_path_factory.mktemp("runs")
    rng = np.random.default_rng(0)
    people = rng.normal(size=(100, 16))
    for name, noise in (("good", 0.3), ("poor", 1.5)):
        arrays = {}
        for part in ("query", "gallery"):
            images = world.splits[part]
            known = np.array([max(image.identity, 0) for image in images])
            arrays[f"{part}_features"] = people[known % 100] + noise * rng.normal(size=(len(images), 16))
            arrays[f"{part}_identities"] = np.array([image.identity for image in images])
            arrays[f"{part}_cameras"] = np.array([image.camera for image in images])
            arrays[f"{part}_paths"] = np.array([image.path for image in images])
        np.savez(out / f"{name}.npz", **arrays)
    return out


@pytest.fixture(scope="module")
def client(enrolled: Gallery, asker: Asker, folder: Path, world: Dataset) -> TestClient:
    runs = Runs([str(folder / "good.npz"), str(folder / "poor.npz")], world)
    return TestClient(make_app(Desk(enrolled, asker, runs=runs)), base_url="http://127.0.0.1")


def test_one_run_with_its_worst_queries(client: TestClient) -> None:
    answer = client.get("/evaluate", params={"run": "poor.npz"})
    assert answer.status_code == 200, answer.text
    assert 'id="cmc"' in answer.text
    assert "Where poor.npz fails most" in answer.text
    policy = answer.headers["content-security-policy"]
    assert "script-src 'self';" in policy
    start = answer.text.index("/evaluate/answers")
    link = answer.text[start : answer.text.index('"', start)].replace("&amp;", "&")
    page = client.get(link)
    assert page.status_code == 200, page.text
    assert "The query" in page.text
    assert "unsafe-inline" not in page.headers["content-security-policy"]


def test_two_runs_beside_each_other(client: TestClient) -> None:
    page = client.get("/evaluate", params={"run": "poor.npz", "against": "good.npz"}).text
    assert "poor.npz beside good.npz" in page
    assert "Is the second better?" in page
    assert 'id="difference"' in page


def test_what_is_not_there(client: TestClient, enrolled: Gallery, asker: Asker) -> None:
    html = {"accept": "text/html"}
    assert client.get("/evaluate", params={"run": "../../etc/passwd"}, headers=html).status_code == 404
    missing = {"run": "poor.npz", "row": 99999}
    assert client.get("/evaluate/answers", params=missing, headers=html).status_code == 404
    none = TestClient(make_app(Desk(enrolled, asker)), base_url="http://127.0.0.1").get("/evaluate")
    assert "No run to show" in none.text
