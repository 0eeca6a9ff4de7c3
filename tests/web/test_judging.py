from __future__ import annotations

import re
import shutil

import numpy as np
import pytest
from made_up import put, unit
from sending import sent
from starlette.testclient import TestClient

from maskreid.errors import MaskreidError
from maskreid.gallery import Filter, Gallery, features_of, label, verify
from maskreid.web.desk import Desk

HTML = {"accept": "text/html"}


@pytest.fixture
def ids(desk: Desk) -> list[str]:
    return [entry.id for entry in desk.gallery.entries(limit=4)]


def named(desk: Desk, ids: list[str]) -> list[str | None]:
    found = {entry.id: entry.identity for entry in desk.gallery.entries(Filter(ids=tuple(ids)))}
    return [found[id_] for id_ in ids]


def test_a_judgement_is_made_shown_and_taken_back(client: TestClient, desk: Desk, ids: list[str]) -> None:
    before = named(desk, ids)
    said = {"what": "same", "entries": ids[:2], "identity": "<b>ann</b>", "who": "me & you"}
    answer = client.post("/api/judgements", json=said)
    assert answer.status_code == 201
    assert named(desk, ids)[:2] == ["<b>ann</b>"] * 2
    page = client.get("/judgements").text
    assert "me &amp; you" in page
    assert "&lt;b&gt;ann&lt;/b&gt;" in page
    assert "<b>ann" not in page
    assert "&lt;b&gt;ann" in client.get(f"/entries/{ids[0]}").text
    assert client.get("/api/judgements").json()["judgements"][0]["stands"]
    undo = client.post("/api/judgements/undo", json={}).json()
    assert undo["undoes"] == answer.json()["id"]
    assert named(desk, ids) == before
    page = client.get("/judgements").text
    assert f'<li class="undone" data-judgement="{undo["undoes"]}">' in page
    assert f'<li class="" data-judgement="{undo["id"]}">' in page  # a taking back is not itself taken back
    assert client.post("/api/judgements/undo", json={}).status_code == 400


def test_taking_back_says_what_it_left_alone(client: TestClient, desk: Desk, ids: list[str]) -> None:
    first = client.post("/api/judgements", json={"what": "same", "entries": ids[:2], "identity": "ann"}).json()
    assert first["left"] == []
    label(desk.gallery, Filter(ids=(ids[1],)), "bea")
    done = client.post("/api/judgements/undo", json={}).json()
    assert done["left"] == ids[1:2]
    assert "; 1 named since left alone" in client.get("/judgements").text


def test_different_and_split(client: TestClient, desk: Desk, ids: list[str]) -> None:
    client.post("/api/judgements", json={"what": "same", "entries": ids[:3], "identity": "ann"})
    client.post("/api/judgements", json={"what": "different", "entries": [ids[1]], "than": [ids[0]]})
    client.post("/api/judgements", json={"what": "split", "entries": [ids[2]], "identity": "bea"})
    assert named(desk, ids[:3]) == ["ann", None, "bea"]
    wrong = [
        {"what": "different", "entries": [ids[1]]},
        {"what": "same", "entries": [ids[0]], "identity": " "},
        {"what": "same", "entries": []},
        {"what": "same", "entries": ["../../etc"]},
        {"what": "same", "entries": ["0" * 32]},
        {"what": "burn", "entries": ids},
        {"what": "same", "entries": ids[:2], "than": ids[3:]},
        {"what": "different", "entries": ids[:1], "than": ids[3:], "identity": "ann"},
        {"what": "same", "entries": ids[:2], "name": "ann"},
    ]
    codes = [client.post("/api/judgements", json=each).status_code for each in wrong]
    assert codes == [400, 400, 422, 422, 404, 422, 400, 400, 422]


def test_removal_needs_confirmation_and_is_real(client: TestClient, desk: Desk, ids: list[str]) -> None:
    client.post("/api/judgements", json={"what": "same", "entries": ids[:2], "identity": "ann"})
    count = len(desk.gallery)
    assert client.post("/api/removals", json={"entries": ids[:2], "confirm": 1}).status_code == 400
    assert client.post("/api/removals", json={"entries": ids[:2]}).status_code == 422
    assert len(desk.gallery) == count
    assert client.post("/api/removals", json={"entries": ids[:2], "confirm": 2}).json() == {"removed": 2}
    assert len(desk.gallery) == count - 2
    assert verify(Gallery(desk.gallery.path)).ok
    assert client.get("/api/judgements").json() == {"judgements": []}
    assert client.get(f"/pictures/{ids[0]}").status_code == 404


def _failing(*_: object) -> None:
    raise MaskreidError("the disk is full")


def test_a_removal_that_was_cut_off_is_finished_by_the_same_request(
    client: TestClient, desk: Desk, ids: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = {"entries": ids[:1], "confirm": 1}
    with monkeypatch.context() as patched:
        patched.setattr("maskreid.gallery.erase.forget", _failing)
        assert client.post("/api/removals", json=asked).status_code == 400
    assert client.get(f"/api/entries/{ids[0]}").status_code == 404
    assert not verify(Gallery(desk.gallery.path)).ok
    assert client.post("/api/removals", json=asked).json() == {"removed": 0}
    assert verify(Gallery(desk.gallery.path)).ok
    assert client.post("/api/removals", json=asked).status_code == 404


def test_another_gallery_in_this_ones_place_is_not_served(client: TestClient, desk: Desk, model: str) -> None:
    assert client.get("/api/overview").status_code == 200
    shutil.rmtree(desk.gallery.path)
    Gallery.create(desk.gallery.path, model, thumbnail=65)
    answer = client.get("/api/overview")
    assert answer.status_code == 400
    assert "another gallery was created in this one's place" in answer.json()["detail"]


def test_browsing(client: TestClient, desk: Desk) -> None:
    page = client.get("/browse", params={"camera": 2, "order": "coverage", "top": 5}).text
    shown = re.findall(r'data-id="([0-9a-f]{32})"', page)
    entries = sorted(desk.gallery.entries(Filter(cameras=(2,))), key=lambda entry: (entry.coverage, entry.id))
    assert shown == [entry.id for entry in entries[:5]]
    (on,) = re.findall(r'href="(/browse\?[^"]*offset=5[^"]*)"', page)
    shown = re.findall(r'data-id="([0-9a-f]{32})"', client.get(on.replace("&amp;", "&")).text)
    assert shown == [entry.id for entry in entries[5:10]]
    name = next(entry.identity for entry in entries if entry.identity)
    found = client.get("/api/entries", params={"identity": name, "top": 2000}).json()
    assert {each["identity"] for each in found["entries"]} == {name}
    assert "No entry passes these filters" in client.get("/browse", params={"identity": "nobody"}).text
    there = len(desk.gallery)
    beyond = client.get(
        "/browse", params={"top": 7, "offset": 7 * there}, follow_redirects=False
    )  # all of it removed
    assert beyond.status_code == 303
    assert f"offset={(there - 1) // 7 * 7}" in beyond.headers["location"]
    assert client.get("/duplicates").status_code == 200
    assert client.get("/api/duplicates", params={"top": 3}).status_code == 200


def test_too_many_to_pair_are_told_beside_the_cameras(
    client: TestClient, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("maskreid.gallery.listing.MOST", desk.gallery.count(Filter(cameras=(1,))))
    page = client.get("/duplicates", headers=HTML)
    assert page.status_code == 400
    assert "choose a camera or a time" in page.text
    assert 'href="/duplicates?camera=1"' in page.text
    assert client.get("/duplicates?camera=1").status_code == 200
    assert client.get("/api/duplicates").status_code == 400


def test_comparing(client: TestClient, desk: Desk, ids: list[str], image: bytes) -> None:
    page = client.get("/compare", params={"a": ids[0], "b": ids[1]}).text
    assert page.count("data:image/png;base64,") == 6
    assert "not a reason to believe" in page
    page = client.get("/compare", params={"q": sent(client, image), "b": ids[1]}).text
    assert "Your image" in page
    found = client.get("/api/compare", params={"a": ids[0], "b": ids[1]}).json()
    features = features_of(desk.gallery, ids[:2])
    assert found["stored"] == pytest.approx(float(features[ids[0]] @ features[ids[1]]), abs=1e-5)
    assert np.array(found["maps"]).shape == (2, 12, 6)
    assert client.get("/compare", params={"q": "x", "b": ids[1]}, headers=HTML).status_code == 404
    assert client.get("/compare", params={"a": ids[0], "b": "0" * 32}, headers=HTML).status_code == 404
    assert client.get("/compare", params={"a": ids[0]}, headers=HTML).status_code == 422
    alone = client.get("/api/compare", params={"b": ids[1]})
    assert (alone.status_code, alone.json()["detail"]) == (400, "compare: name entry b and either entry a or query q")


def test_who_said_it_is_told_and_any_of_several_is_taken_back(client: TestClient, ids: list[str]) -> None:
    said = [
        {"what": "same", "entries": ids[:2], "identity": "ann", "who": "eve"},
        {"what": "split", "entries": ids[2:3], "identity": "bea", "who": "eva"},
        {"what": "different", "entries": ids[3:], "than": ids[2:3], "who": "evi"},
    ]
    made = [client.post("/api/judgements", json=each).json() for each in said]
    assert [(each["who"], each["stands"]) for each in made] == [("eve", True), ("eva", True), ("evi", True)]
    undone = client.post("/api/judgements/undo", json={"id": made[0]["id"], "who": "evo"}).json()
    assert (undone["undoes"], undone["who"], undone["stands"]) == (made[0]["id"], "evo", False)
    listed = client.get("/api/judgements").json()["judgements"]
    assert [each["id"] for each in listed] == [each["id"] for each in (undone, *reversed(made))]
    assert [each["stands"] for each in listed] == [False, True, True, False]


def test_a_person_that_is_not_there_is_told_before_anything_is_said(client: TestClient, ids: list[str]) -> None:
    answer = client.post("/api/judgements", json={"what": "different", "entries": ids[:1], "than": ["0" * 32]})
    assert (answer.status_code, answer.json()["detail"][:14]) == (404, "there is no en")
    assert client.get("/api/judgements").json() == {"judgements": []}


@pytest.mark.parametrize(("confirm", "status"), [(1, 400), (2, 200), (3, 400)])
def test_an_entry_that_is_named_twice_is_confirmed_once(
    client: TestClient, desk: Desk, ids: list[str], confirm: int, status: int
) -> None:
    count = len(desk.gallery)
    asked = {"entries": [ids[0], ids[1], ids[0]], "confirm": confirm}
    assert client.post("/api/removals", json=asked).status_code == status
    assert len(desk.gallery) == count - (2 if status == 200 else 0)


def test_a_removal_of_what_is_not_there_removes_nothing(client: TestClient, desk: Desk, ids: list[str]) -> None:
    count = len(desk.gallery)
    asked = {"entries": [ids[0], "0" * 32], "confirm": 2}
    assert client.post("/api/removals", json=asked).status_code == 404
    assert client.post("/api/removals", json={"entries": [], "confirm": 0}).status_code == 422
    assert len(desk.gallery) == count


def test_entries_are_listed_as_one_asks(client: TestClient, desk: Desk) -> None:
    entries = sorted(desk.gallery.entries(), key=lambda entry: (entry.coverage, entry.id))

    def listed(**asked: object) -> list[str]:
        answer = client.get("/api/entries", params=asked).json()  # type: ignore[arg-type]
        return [each["id"] for each in answer["entries"]]

    assert listed(order="coverage", top=3, offset=2) == [entry.id for entry in entries[2:5]]
    (poor,) = put(desk.gallery, unit(1))
    desk.gallery.table.update(where=f"id = '{poor}'", values={"coverage": 0.01})
    few = [entry.id for entry in entries if not 0.08 <= entry.coverage <= 0.75]
    assert listed(order="coverage", poor=True) == [poor, *few]


def test_pairs_are_those_of_the_entries_that_are_meant(client: TestClient, desk: Desk) -> None:
    put(desk.gallery, unit(1)[[0, 0, 0]], cameras=[7, 7, 8])

    def pairs(**asked: object) -> list[set[int]]:
        answer = client.get("/api/duplicates", params=asked).json()  # type: ignore[arg-type]
        return [{each["a"]["camera"], each["b"]["camera"]} for each in answer]

    assert sorted(pairs(camera=[7, 8]), key=len) == [{7}, {7, 8}, {7, 8}]
    assert len(pairs(camera=[7, 8], top=2)) == 2
    assert pairs(camera=[7]) == [{7}]
    assert pairs(camera=[8]) == []
