"""What tests in a browser share: a served gallery, and the first steps on its page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Page, expect

from maskreid.web.desk import Desk


@dataclass
class Site:
    address: str
    desk: Desk

    @property
    def count(self) -> int:
        return len(self.desk.gallery)


def upload(page: Page, *files: dict[str, Any]) -> None:
    page.goto("/")
    page.set_input_files("#images", list(files))


def found(page: Page, image: bytes) -> None:
    """Search for an image and wait for its answers."""
    upload(page, {"name": "someone.png", "mimeType": "image/png", "buffer": image})
    page.wait_for_url("**/?q=*")
    expect(page.locator(".card").first).to_be_visible()


def ids(page: Page) -> list[str]:
    return [str(card.get_attribute("data-id")) for card in page.locator(".card").all()]
