"""The one exception that maskreid raises for something a person can put right, and its most frequent reasons."""

import difflib
from collections.abc import Iterable


class MaskreidError(Exception):
    """What is wrong (expected, got), where, and what to do about it, in one line.

    The command line prints it without a traceback and exits with status 2.
    """


def check_count(what: str, count: int, least: int = 1) -> None:
    """Look whether a number of things is one that can be had.

    Raises:
        MaskreidError: it is less than ``least``.
    """
    if count < least:
        raise MaskreidError(f"{what}: expected at least {least}, got {count}")


def did_you_mean(name: str, known: Iterable[str], otherwise: str = "", *, prefix: str = "") -> str:
    """Return "; did you mean NEAREST?", to end a message about a name that is none of ``known``.

    Args:
        name: what was asked for.
        known: what there is.
        otherwise: what the message ends with where nothing is near.
        prefix: what the nearest is written after, such as the section of a key.
    """
    near = difflib.get_close_matches(name, list(known), 1)
    return f"; did you mean {prefix}{near[0]}?" if near else otherwise
