"""The one exception that maskreid raises for something a person can put right."""


class MaskreidError(Exception):
    """What is wrong (expected, got), where, and what to do about it, in one line.

    The command line prints it without a traceback and exits with status 2.
    """
