from __future__ import annotations

import re

import numpy as np
import pytest
from sending import sent
from starlette.testclient import TestClient

from maskreid.gallery import Filter, Gallery, remove
from maskreid.retrieval import Calibration
from maskreid.web.app import make_app
from maskreid.web.desk import Desk

HTML = {"accept": "text/html"}


def shown(page: str) -> list[str]:
    return re.findall(r'class="card" data-id="([0-9a-f]{32})"', page)


def test_an_empty_search_says_what_is_there(client: TestClient, desk: Desk) -> None:
    page = client.get("/").text
    assert f"{len(desk.gallery)} images of people, 2 cameras" in page


def test_an_empty_gallery_says_what_to_do(gallery: Gallery) -> None:
    empty = Gallery.create(gallery.path + "-empty", gallery.settings.model)
    page = TestClient(make_app(Desk(empty)), base_url="http://localhost").get("/").text
    assert "Nobody is enrolled yet" in page


def test_an_upload_finds_the_nearest_features(client: TestClient, desk: Desk, image: bytes) -> None:
    query = sent(client, image)
    hits = client.get("/api/search", params={"q": query, "top": 7}).json()["hits"]
    vector = desk.queries.get(query).vector[0]
    scores = {
        id_: float(np.dot(vector, feature))
        for batch in desk.gallery.rows(["id", "feature"])
        for id_, feature in zip(batch["id"].to_pylist(), batch["feature"].to_pylist(), strict=True)
    }
    best = sorted(scores, key=lambda id_: -scores[id_])[:7]
    assert [hit["entry"]["id"] for hit in hits] == best
    assert hits[0]["similarity"] == pytest.approx(scores[best[0]], abs=1e-5)
    assert shown(client.get("/", params={"q": query, "top": 7}).text) == best
    least = (scores[best[2]] + scores[best[3]]) / 2
    assert shown(client.get("/", params={"q": query, "least": least}).text) == best[:3]


def test_filters_choose_who_may_answer(client: TestClient, image: bytes) -> None:
    query = sent(client, image)
    for camera in (1, 2):
        hits = client.get("/api/search", params={"q": query, "camera": camera}).json()["hits"]
        assert {hit["entry"]["camera"] for hit in hits} == {camera}
    assert client.get("/api/search", params={"q": query, "tag": "nobody's"}).json()["hits"] == []
    page = client.get("/", params={"q": query, "camera": 2, "after": "2026-01-01T00:00", "before": ""}).text
    assert "No entry passes these filters" in page
    page = client.get("/", params={"q": query, "after": "soon"}, headers=HTML)
    assert page.status_code == 400
    assert "time is &#39;soon&#39;" in page.text


def test_groups_by_camera_hold_every_answer(client: TestClient, desk: Desk, image: bytes) -> None:
    page = client.get("/", params={"q": sent(client, image), "group": "camera", "top": 2000}).text
    assert sorted(shown(page)) == sorted(entry.id for entry in desk.gallery.entries())
    heads = re.findall(r"<h2>camera (\d)", page)
    assert sorted(heads) == ["1", "2"]


def test_the_address_holds_the_search(client: TestClient, image: bytes) -> None:
    query = sent(client, image)
    first, second, third = shown(client.get("/", params={"q": query, "top": 3}).text)
    asked = {"q": query, "like": [first, second, first], "unlike": [third], "drop": second, "after": "", "least": -1}
    answer = client.get("/", params=asked, headers={"hx-request": "true"})
    assert answer.headers["hx-push-url"] == f"/?q={query}&like={first}&unlike={third}"
    again = client.get("/", params=asked, follow_redirects=False)
    assert (again.status_code, again.headers["location"]) == (303, answer.headers["hx-push-url"])
    assert shown(client.get(again.headers["location"]).text) == shown(answer.text)


def test_the_button_pressed_last_wins(client: TestClient, desk: Desk) -> None:
    one, other = (entry.id for entry in desk.gallery.entries(limit=2))
    for address, settled in (
        (f"/?like={other}&unlike={one}&like={one}", f"/?like={other}&like={one}"),
        (f"/?like={other}&like={one}&unlike={one}", f"/?like={other}&unlike={one}"),
    ):
        assert client.get(address).headers["hx-push-url"] == settled


def test_a_misspelt_filter_is_refused(client: TestClient, image: bytes) -> None:
    query = sent(client, image)
    for path in ("/api/search", "/", "/api/entries", "/browse", "/api/duplicates"):
        asked = {"cameras": 99} | ({"q": query} if path in ("/api/search", "/") else {})
        answer = client.get(path, params=asked)
        assert answer.status_code == 422, path
        assert answer.json()["detail"].startswith("cameras: ")
    assert client.get("/api/entries", params={"least": 0.5}).status_code == 422


def test_more_like_an_entry_finds_it_first(client: TestClient, desk: Desk) -> None:
    entry = desk.gallery.entries(limit=5)[-1]
    page = client.get("/", params={"like": entry.id}).text
    assert shown(page)[0] == entry.id


def test_what_is_gone_is_told(client: TestClient, desk: Desk, image: bytes) -> None:
    answer = client.get("/", params={"q": "A" * 24}, headers=HTML)
    assert answer.status_code == 404
    assert "send its image again" in answer.text
    entry = desk.gallery.entries(limit=1)[0]
    assert client.get(f"/pictures/{entry.id}").headers["content-type"] == "image/jpeg"
    remove(desk.gallery, Filter(ids=(entry.id,)))
    for path in (f"/pictures/{entry.id}", f"/entries/{entry.id}", f"/api/entries/{entry.id}", f"/?like={entry.id}"):
        answer = client.get(path, headers=HTML)
        assert answer.status_code == 404
        assert "may have been removed" in answer.text
    assert entry.id not in shown(client.get("/", params={"q": sent(client, image), "top": 2000}).text)


def test_an_error_is_a_page_for_people_and_json_for_programs(client: TestClient) -> None:
    page = client.get("/nowhere", headers=HTML)
    assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "there is no such page" in page.text
    assert client.get("/api/nowhere", headers=HTML).json() == {"detail": "there is no such page"}
    answer = client.get("/api/search", params={"top": 0})
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("top: ")
    assert client.get("/api/search").status_code == 400


def test_an_entry_has_a_page(client: TestClient, desk: Desk) -> None:
    entry = desk.gallery.entries(limit=1)[0]
    page = client.get(f"/entries/{entry.id}").text
    assert entry.path in page
    assert f"camera {entry.camera}" in page
    assert client.get(f"/api/entries/{entry.id}").json()["path"] == entry.path


def test_a_refined_query_claims_no_probability(desk: Desk, image: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    calibration = Calibration(5.0, -0.2, 0.0, {}, people=9, entries=99, ece=0.01, data="made up")
    monkeypatch.setattr(type(desk.gallery), "calibration", lambda self, card: calibration)
    client = TestClient(make_app(desk), base_url="http://127.0.0.1")
    query = sent(client, image)
    plain = client.get("/api/search", params={"q": query}).json()
    assert plain["calibrated"]
    assert all(0 < hit["probability"] < 1 for hit in plain["hits"])
    assert "Probably" in client.get("/", params={"q": query}).text
    refined = {"q": query, "like": plain["hits"][0]["entry"]["id"]}
    answer = client.get("/api/search", params=refined).json()
    assert not answer["calibrated"]
    assert {hit["probability"] for hit in answer["hits"]} == {None}
    assert "no probability any more" in client.get("/", params=refined).text


def test_the_same_search_again_is_no_step_to_go_back(client: TestClient, image: bytes) -> None:
    address = str(client.get("/", params={"q": sent(client, image), "top": 7}).url)
    asked = {"hx-request": "true", "hx-current-url": address}
    again = client.get(address, headers=asked).headers
    assert ("hx-replace-url" in again, "hx-push-url" in again) == (True, False)
    other = client.get(f"{address}&camera=2", headers=asked).headers
    assert ("hx-replace-url" in other, "hx-push-url" in other) == (False, True)
