"""The one exception that maskreid raises for something a person can put right, and its most frequent reason."""


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
