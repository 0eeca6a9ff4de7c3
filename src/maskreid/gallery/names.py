"""What people and tags may be called."""

from __future__ import annotations

from maskreid.errors import MaskreidError
from maskreid.files import one_line
from maskreid.gallery.schema import check_text
from maskreid.gallery.verdict import IN_PLACE_OF_A_NAME


def check_name(identity: str | None) -> None:
    """Refuse a name that is empty, no line of text, not UTF-8, or what a search says of nobody; None is no name.

    Raises:
        MaskreidError: it is so.
    """
    if identity is None:
        return
    _check_line("identity", identity)
    if identity in IN_PLACE_OF_A_NAME.values():
        raise MaskreidError(f"identity {identity!r}: a search says that of nobody; choose another name")


def check_tag(tag: str) -> None:
    """Refuse a tag that is empty, no line of text, or not UTF-8.

    Raises:
        MaskreidError: it is so.
    """
    _check_line("tag", tag)


def _check_line(what: str, text: str) -> None:
    check_text(what, text)
    if not text.strip() or text != text.strip():
        raise MaskreidError(f"{what} {text!r}: expected a text, without spaces around it")
    if text != one_line(text):
        raise MaskreidError(f"{what} {text!r}: expected no line breaks and control characters in it")
