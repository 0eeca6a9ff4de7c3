from __future__ import annotations

import io
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uvicorn
from made_up import put, unit
from PIL import Image

from maskreid.errors import MaskreidError
from maskreid.web.app import make_app
from maskreid.web.client import Client
from maskreid.web.desk import Desk
from maskreid.web.security import Access
from maskreid.web.serve import _listen


@pytest.fixture
def address(desk: Desk) -> Iterator[str]:
    """A server in another thread, which requires the token "secret"."""
    listening = _listen("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(make_app(desk, Access(token="secret")), log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join(20)
    listening.close()


def test_a_program_judges_corrects_a_mask_and_removes(address: str, desk: Desk, image: bytes) -> None:
    with Client(address, "secret") as client:
        first, second = (entry.id for entry in desk.gallery.entries(limit=2))
        said = client.judge("same", [first, second], identity="ann", who="me")
        assert client.entry(first).identity == "ann"
        assert [each.id for each in client.judgements()] == [said.id]
        client.undo(said.id)
        assert client.entry(first).identity != "ann"
        query = client.send(image)
        mask = io.BytesIO()
        Image.new("L", (query.images[0].width, query.images[0].height), 255).save(mask, "PNG")
        assert client.correct_mask(query.id, 0, mask.getvalue()).images[0].coverage == 1
        assert client.remove([first]) == 1
        with pytest.raises(MaskreidError, match="there is no entry"):
            client.entry(first)


def test_a_program_asks_as_the_page_does(address: str, desk: Desk, image: bytes, tmp_path: Path) -> None:
    (tmp_path / "someone.png").write_bytes(image)
    with Client(address, "secret") as client:
        assert client.overview().entries == len(desk.gallery)
        query = client.send(tmp_path / "someone.png", image)
        assert len(query.images) == 2
        assert query.images[0] == query.images[1]
        found = client.search(query.id, cameras=[2], top=5)
        assert len(found.hits) == 5
        assert {hit.entry.camera for hit in found.hits} == {2}
        first, second = found.hits[0].entry, found.hits[1].entry
        assert client.entry(first.id) == first
        refined = client.search(query.id, like=[second.id], unlike=[first.id], top=1)
        assert refined.hits[0].entry.id == second.id
        assert not client.use_mask(query.id, 1, False).images[1].masked
        client.forget(query.id)
        with pytest.raises(MaskreidError, match="no longer kept"):
            client.search(query.id)


def test_what_goes_wrong_is_one_line(address: str, tmp_path: Path) -> None:
    with Client(address) as client, pytest.raises(MaskreidError, match="a token is required"):
        client.overview()
    with Client(address, "secret") as client:
        with pytest.raises(MaskreidError, match="image 1 is no image"):
            client.send(b"no")
        with pytest.raises(MaskreidError, match="cannot be read"):
            client.send(tmp_path / "nowhere.png")
        with pytest.raises(MaskreidError, match="there is no entry"):
            client.entry("0" * 32)
    with Client("http://127.0.0.1:9") as client, pytest.raises(MaskreidError, match="does not answer"):
        client.overview()


def test_another_kind_of_server_is_told_as_such() -> None:
    class Html(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html>")

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Html) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        with (
            Client(address, "schl\u00fcssel") as client,
            pytest.raises(MaskreidError, match="is that a maskreid"),
        ):
            client.overview()
        server.shutdown()


def test_it_loads_no_torch() -> None:
    code = "import maskreid.web.client, sys; assert not {'torch', 'lancedb', 'fastapi'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_every_condition_of_a_search_is_sent(address: str, desk: Desk) -> None:
    ids = put(
        desk.gallery,
        np.repeat(unit(2), [3, 1], axis=0),
        cameras=[7, 7, 8, 7],
        times=[1e9, 1e9 + 60, 1e9 + 120, 1e9],
        tags=[["red"], ["red", "tall"], ["tall"], []],
    )
    with Client(address, "secret") as client:

        def found(**conditions: Any) -> list[int]:
            hits = client.search(like=ids[:1], **{"cameras": [7, 8], **conditions}).hits
            return sorted(ids.index(hit.entry.id) for hit in hits)

        assert found() == [0, 1, 2, 3]
        assert found(least=0.99) == [0, 1, 2]
        assert found(after=1e9 + 60) == [1, 2]
        assert found(after="2001-09-09T01:47:40Z") == [1, 2]  # 1,000,000,060 seconds after 1970
        assert found(before=1e9 + 60) == [0, 3]
        assert found(tags=["red", "tall"]) == [1]
        assert found(cameras=[8]) == [2]
        assert len(found(top=2)) == 2


def test_a_program_says_who_says_so_and_takes_back_what_it_names(address: str, desk: Desk) -> None:
    ids = put(desk.gallery, unit(4))
    with Client(address, "secret") as client:
        first = client.judge("same", ids[:2], who="eve")
        second = client.judge("different", ids[2:3], than=ids[3:], who="eva")
        assert (first.who, second.who) == ("eve", "eva")
        assert second.than == ids[3:]
        undone = client.undo(first.id, who="evi")
        assert (undone.undoes, undone.who) == (first.id, "evi")
        assert client.undo().undoes == second.id
        assert client.remove([ids[0], ids[1], ids[0]]) == 2


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"{}", b"null"])
def test_a_server_that_fails_in_words_of_its_own_is_told_by_its_status(body: bytes) -> None:
    class Failing(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(503)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Failing) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        with (
            Client(f"http://127.0.0.1:{server.server_port}") as client,
            pytest.raises(MaskreidError, match="status 503; is that a maskreid server"),
        ):
            client.overview()
        server.shutdown()
