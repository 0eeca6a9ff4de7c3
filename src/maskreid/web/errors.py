"""What a visitor can put right, with the HTTP status that says so."""

from __future__ import annotations

from maskreid.errors import MaskreidError


class WebError(MaskreidError):
    """A `MaskreidError` with a status; others are 400.

    Attributes:
        status: of the answer.
    """

    status = 400


class NotThereError(WebError):
    """Nothing has this id, or no longer."""

    status = 404


class TooLargeError(WebError):
    """More bytes, pixels or images than are taken."""

    status = 413


class WrongTypeError(WebError):
    """A file that is no image, or a damaged one."""

    status = 415
