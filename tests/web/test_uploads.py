from __future__ import annotations

import io
import zlib

import numpy as np
import pytest
from PIL import Image
from sending import sent
from starlette.testclient import TestClient

from maskreid.web.app import make_app
from maskreid.web.desk import Desk
from maskreid.web.errors import WrongTypeError
from maskreid.web.security import Access
from maskreid.web.uploads import IMAGES, SIDE, mask_from, picture_from


def post(client: TestClient, content: bytes, name: str = "a.png") -> tuple[int, str]:
    answer = client.post("/api/queries", files={"images": (name, content)})
    return answer.status_code, answer.json()["detail"]


def test_what_is_no_image_is_said_to_be_none(client: TestClient, image: bytes) -> None:
    status, text = post(client, b"%PDF-1.7 hello", "letter.pdf")
    assert (status, text) == (415, "letter.pdf is no image; expected JPEG, PNG, BMP, TIFF, WEBP")
    status, text = post(client, image[: len(image) // 2])
    assert status == 415
    assert "a.png cannot be decoded" in text
    assert post(client, b"", "nothing.png")[0] == 415
    svg = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    assert post(client, svg, "a.svg")[0] == 415


def test_a_name_with_a_script_stays_text(client: TestClient) -> None:
    answer = client.post(
        "/queries", files={"images": ("<img src=x onerror=alert(1)>.png", b"no")}, headers={"accept": "text/html"}
    )
    assert answer.status_code == 415
    assert "<img src=x" not in answer.text
    assert "&lt;img src=x" in answer.text


def test_a_bomb_is_not_unfolded(client: TestClient) -> None:
    """A PNG of 30,000 x 30,000 pixels in a few kilobytes: only its head is read."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    size = (30_000).to_bytes(4, "big")
    head = chunk(b"IHDR", size + size + bytes([8, 0, 0, 0, 0]))
    bomb = b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(1 << 20))) + chunk(b"IEND", b"")
    status, text = post(client, bomb)
    assert status == 413
    assert "million pixels" in text


def test_a_body_that_is_too_large_is_refused_as_it_comes(desk: Desk) -> None:
    client = TestClient(make_app(desk, Access(largest=1 << 20)), base_url="http://127.0.0.1")
    for content in (bytes(3 << 20), (bytes(1 << 16) for _ in range(48))):  # announced, and not
        headers = {"content-type": "multipart/form-data; boundary=x"}
        answer = client.post("/api/queries", content=content, headers=headers)
        assert (answer.status_code, answer.json()["detail"][:21]) == (413, "too large: 1 MB are t")


def test_what_is_sent_never_becomes_a_file(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    large = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (900, 900, 3), np.uint8)).save(large, "PNG")
    assert large.tell() > 2 << 20
    monkeypatch.setattr("tempfile.SpooledTemporaryFile.rollover", pytest.fail)
    client = TestClient(make_app(desk), base_url="http://127.0.0.1:8000")
    assert len(client.get(f"/api/queries/{sent(client, large.getvalue())}").json()["images"]) == 1


def test_too_many_images(client: TestClient, image: bytes) -> None:
    answer = client.post("/api/queries", files=[("images", ("a.png", image))] * (IMAGES + 1))
    assert answer.status_code == 413
    assert client.post("/api/queries").status_code == 422


def test_a_large_photo_is_made_smaller_and_a_small_one_is_not() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (2000, 900, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, "PNG")
    assert picture_from(buffer.getvalue(), "a").shape == (SIDE, 230, 3)
    buffer = io.BytesIO()
    Image.fromarray(noise[:2, :]).resize((20_000, 2)).save(buffer, "PNG")
    assert picture_from(buffer.getvalue(), "a").shape == (1, SIDE, 3)
    buffer = io.BytesIO()
    Image.fromarray(noise[:128, :64]).save(buffer, "PNG")
    assert (picture_from(buffer.getvalue(), "a") == noise[:128, :64]).all()


def test_a_mask_is_of_the_images_size(client: TestClient, image: bytes) -> None:
    query = sent(client, image)
    mask = client.get(f"/api/queries/{query}/images/0/mask").content
    put = f"/api/queries/{query}/images/0/mask"
    assert client.put(put, content=mask, headers={"content-type": "image/png"}).status_code == 200
    assert client.put(put, content=mask).status_code == 415
    for damaged in (b"no", mask[:-40], mask[: len(mask) // 2]):
        answer = client.put(put, content=damaged, headers={"content-type": "image/png"})
        assert answer.status_code == 415
        assert answer.json()["detail"] == "the mask cannot be decoded; expected a PNG of the image's size"
    buffer = io.BytesIO()
    Image.new("L", (3, 4)).save(buffer, "PNG")
    answer = client.put(put, content=buffer.getvalue(), headers={"content-type": "image/png"})
    assert "the mask is 3 x 4, its image" in answer.json()["detail"]


def test_a_phone_s_photo_keeps_its_shape_when_it_is_turned_upright() -> None:
    lying = np.zeros((600, 1200, 3), np.uint8)
    lying[:, :600] = 200  # which is up, once it is turned a quarter clockwise
    turned = Image.Exif()
    turned[0x0112] = 6
    buffer = io.BytesIO()
    Image.fromarray(lying).save(buffer, "JPEG", exif=turned)
    picture = picture_from(buffer.getvalue(), "a")
    assert picture.shape == (SIDE, SIDE // 2, 3)
    assert picture[: SIDE // 2 - 8].min() > 150 > 50 > picture[SIDE // 2 + 8 :].max()


def test_a_mask_is_where_it_is_bright_and_a_png() -> None:
    levels = np.array([[0, 1, 127], [128, 254, 255]], np.uint8)
    for kind in ("PNG", "BMP"):
        buffer = io.BytesIO()
        Image.fromarray(levels).save(buffer, kind)
        if kind == "PNG":
            assert mask_from(buffer.getvalue(), (2, 3)).tolist() == [[False] * 3, [True] * 3]
            continue
        with pytest.raises(WrongTypeError, match="expected a PNG of the image's size"):
            mask_from(buffer.getvalue(), (2, 3))
