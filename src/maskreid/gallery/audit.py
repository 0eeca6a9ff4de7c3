"""Who searched for what, and what was labelled and deleted, if the gallery was created to tell."""

from __future__ import annotations

import getpass
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from maskreid.files import append_line
from maskreid.gallery.errors import telling
from maskreid.gallery.gallery import Gallery

FILE = "audit.jsonl"


def log(gallery: Gallery, what: Mapping[str, Any]) -> None:
    """Append one line to the gallery's ``audit.jsonl``: when, who (the system's user) and ``what``.

    Before it is done: what was begun and then killed has its line, and nothing is done that cannot be logged.
    """
    if not gallery.settings.audit:
        return
    entry = {"when": datetime.now(UTC).isoformat(timespec="seconds"), "who": user(), **what}
    with telling(gallery.path):
        append_line(Path(gallery.path) / FILE, json.dumps(entry))


def user() -> str:
    """Return the name of the system's user."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user without a name, as in many containers
        return "unknown"
