"""Queries sent as a browser sends them."""

from __future__ import annotations

import io

from PIL import Image
from starlette.testclient import TestClient

from maskreid.images import Dataset, read_image


def png_of(world: Dataset, number: int) -> bytes:
    """A query image of the synthetic world as a file."""
    buffer = io.BytesIO()
    Image.fromarray(read_image(world.source, world.splits["query"][number].path)).save(buffer, "PNG")
    return buffer.getvalue()


def sent(client: TestClient, *images: bytes) -> str:
    """Send a query; return its id."""
    answer = client.post("/api/queries", files=[("images", ("a.png", each, "image/png")) for each in images])
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])
