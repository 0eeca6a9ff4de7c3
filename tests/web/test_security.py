from __future__ import annotations

from urllib.parse import quote

import pytest
from sending import sent
from starlette.testclient import TestClient

from maskreid.errors import MaskreidError
from maskreid.web.app import make_app
from maskreid.web.desk import Desk
from maskreid.web.security import Access

MORE = ("/", "/api/overview", "/static/style.css", "/api/openapi.json")


def serving(desk: Desk, access: Access, base: str = "http://127.0.0.1:8000") -> TestClient:
    return TestClient(make_app(desk, access), base_url=base, follow_redirects=False)


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", "", "[", "10.0.0.1"])
def test_a_forged_host_is_refused_everywhere(client: TestClient, host: str) -> None:
    for path in MORE:
        assert client.get(path, headers={"host": host}).status_code == 421


@pytest.mark.parametrize("host", ["localhost", "localhost:1", "127.0.0.1:8000", "[::1]:8000"])
def test_this_machine_has_several_names(client: TestClient, host: str) -> None:
    assert client.get("/api/overview", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://["},
        {"origin": "http://127.0.0.1:9999"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "http://127.0.0.1:8000", "sec-fetch-site": "cross-site"},
    ],
)
def test_a_post_from_another_site_does_nothing(client: TestClient, image: bytes, headers: dict[str, str]) -> None:
    for path in ("/api/queries", "/queries"):
        answer = client.post(path, files={"images": ("a.png", image)}, headers=headers)
        assert answer.status_code == 403
    assert client.delete(f"/api/queries/{sent(client, image)}", headers=headers).status_code == 403


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}, 200),
        ({"sec-fetch-site": "same-origin", "sec-fetch-mode": "cors"}, 200),
        ({"sec-fetch-site": "none", "sec-fetch-mode": "navigate"}, 200),
        ({"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"}, 403),
        ({"sec-fetch-site": "same-site", "sec-fetch-mode": "no-cors"}, 403),
        ({"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe"}, 403),
    ],
)
def test_a_link_from_another_site_is_followed_and_nothing_else(
    client: TestClient, headers: dict[str, str], status: int
) -> None:
    for path in ("/", "/duplicates", "/api/overview"):
        assert client.get(path, headers=headers).status_code == status


def test_a_post_from_this_page_is_taken(client: TestClient, image: bytes) -> None:
    headers = {"origin": "http://127.0.0.1:8000", "sec-fetch-site": "same-origin"}
    assert client.post("/api/queries", files={"images": ("a.png", image)}, headers=headers).status_code == 201


def test_other_machines_need_a_token(desk: Desk) -> None:
    with pytest.raises(MaskreidError, match="a token is required"):
        Access("0.0.0.0")
    client = serving(desk, Access("0.0.0.0", "secret", ("gallery.example",)), "http://192.168.1.5")
    for path in ("/", "/api/overview", "/api/openapi.json", "/pictures/" + "0" * 32):
        assert client.get(path).status_code == 401
        assert client.get(path, headers={"authorization": "Bearer wrong"}).status_code == 401
        assert client.get(f"{path}?token=wrong").status_code == 401
        assert client.get(path, headers={"cookie": f"{Access(token='secret').cookie}=wrong"}).status_code == 401
        assert client.get(path, headers={"authorization": "Bearer secret"}).status_code in (200, 404)
    for path in ("/static/%2e%2e/api/overview", "/static/..%2fapi/overview"):  # the client itself resolves ".."
        assert client.get(path).status_code == 404
    assert client.get("/static/style.css").status_code == 200
    refused = client.get("/", headers={"accept": "text/html"})
    assert refused.status_code == 401
    assert "a token is required" in refused.text
    assert 'class="gallery" title="The gallery"></span>' in refused.text
    named = {"authorization": "Bearer secret", "host": "gallery.example"}
    assert client.get("/", headers=named).status_code == 200
    assert client.get("/", headers={**named, "host": "evil.example"}).status_code == 421
    assert "secret" not in client.get("/").text
    assert client.get("/", headers={**named, "host": "localhost:8000"}).status_code == 200


def test_a_name_means_others_who_come_through_a_proxy(desk: Desk) -> None:
    with pytest.raises(MaskreidError, match=r"127\.0\.0\.1, gallery\.example: other machines .* a token is required"):
        Access(names=("gallery.example",))
    client = serving(desk, Access("127.0.0.1", "secret", ("gallery.example",)), "http://gallery.example")
    assert client.get("/api/overview").status_code == 401
    assert client.get("/api/overview", headers={"authorization": "Bearer secret"}).status_code == 200
    assert Access(names=("localhost", "::1")).token is None
    with pytest.raises(MaskreidError, match=r"name gallery\.example:8443: expected a host name alone"):
        Access("127.0.0.1", "secret", ("gallery.example:8443",))


def test_the_token_of_the_address_becomes_a_cookie(desk: Desk) -> None:
    client = serving(desk, Access("0.0.0.0", "secret"), "http://192.168.1.5")
    answer = client.get("/?top=7&token=secret")
    assert (answer.status_code, answer.headers["location"]) == (303, "/?top=7")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "samesite=lax" in cookie.lower()
    assert "secure" not in cookie.replace("secret", "").lower()
    private = serving(desk, Access("0.0.0.0", "secret"), "https://192.168.1.5").get("/?token=secret")
    assert "secure" in private.headers["set-cookie"].replace("secret", "").lower()
    assert client.get("/").status_code == 200
    again = client.get("/?token=secret")  # the address that was printed, opened by who has the cookie
    assert (again.status_code, again.headers["location"]) == (303, "/")
    elsewhere = client.get("http://192.168.1.5//evil.example/?token=secret", headers={"cookie": ""})
    assert elsewhere.headers.get("location", "/").startswith("/evil") or elsewhere.status_code != 303


def test_two_servers_of_one_host_have_a_cookie_each(desk: Desk) -> None:
    one = serving(desk, Access("0.0.0.0", "secret"), "http://192.168.1.5:8404")
    two = serving(desk, Access("0.0.0.0", "other"), "http://192.168.1.5:8405")
    one.get("/?token=secret")
    two.cookies = one.cookies  # a browser's do not know ports
    assert two.get("/").status_code == 401
    two.get("/?token=other")
    assert two.get("/").status_code == one.get("/").status_code == 200


def test_every_answer_forbids_scripts_of_others(client: TestClient) -> None:
    for path in (*MORE, "/nothing", "/api/entries/zz"):
        headers = client.get(path).headers
        assert "script-src 'self'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cross-origin-resource-policy"] == "same-origin"


def test_the_page_has_nothing_inline_and_nothing_from_elsewhere(client: TestClient, image: bytes) -> None:
    page = client.get("/", params={"q": sent(client, image)}, headers={"accept": "text/html"}).text
    assert "<script>" not in page.lower()
    assert " onclick" not in page.lower()
    assert " style=" not in page.lower()
    assert "http://" not in page
    assert "https://" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page  # the tag that conftest gives every entry


@pytest.mark.parametrize(
    "name", ["../../../etc/passwd", "%2e%2e/%2e%2e/etc/passwd", "..%2f..%2fetc%2fpasswd", "/etc/passwd"]
)
def test_no_path_leads_out(client: TestClient, name: str) -> None:
    for start in ("/pictures/", "/entries/", "/static/", "/api/entries/", "/api/queries/", "/static/../"):
        answer = client.get(start + name)
        assert answer.status_code in (404, 405, 422)
        assert "root:" not in answer.text


def test_a_token_may_have_any_characters(desk: Desk) -> None:
    token = "a+b&c=d #\N{CYRILLIC SMALL LETTER YA};\u00c5"  # whose last byte is a space in Latin-1
    client = serving(desk, Access("0.0.0.0", token), "http://192.168.1.5")
    assert client.get(f"/?token={quote(token, safe='')}").status_code == 303
    assert client.get("/api/overview").status_code == 200
    bearer = serving(desk, Access("0.0.0.0", token), "http://192.168.1.5")
    assert bearer.get("/api/overview", headers={b"authorization": f"Bearer {token}".encode()}).status_code == 200
    assert bearer.get("/api/overview", headers={b"authorization": b"Bearer \xff"}).status_code == 401


@pytest.mark.parametrize("access", [Access("cam-7.Example", "t"), Access("0.0.0.0", "t", ("CAM-7.example",))])
def test_a_name_is_the_hosts_too_and_has_no_case(access: Access) -> None:
    assert access.allows_host("cam-7.example:8000")
    assert access.allows_host("Cam-7.Example")
    assert not access.allows_host("cam-8.example")


def test_a_mistake_of_ours_is_one_line_and_forbids_scripts_too(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong() -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(desk, "overview", wrong)
    client = TestClient(make_app(desk), base_url="http://127.0.0.1:8000", raise_server_exceptions=False)
    answer = client.get("/api/overview")
    assert (answer.status_code, set(answer.json())) == (500, {"detail"})
    page = client.get("/browse", headers={"accept": "text/html"})
    assert page.status_code == 500
    assert "something went wrong in the server" in page.text
    for each in (answer, page):
        assert "secret" not in each.text
        assert "script-src 'self'" in each.headers["content-security-policy"]
