"""Files that are whole or not there."""

from __future__ import annotations

import os
import secrets
import shutil
from contextlib import suppress
from pathlib import Path

from maskreid.errors import MaskreidError


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that a kill leaves the old content or the new, never a part.

    Of several processes that write one file at once, each writes a whole one, and the last one's stays. Permissions
    are those of the old file, or of any new one.

    Raises:
        OSError: it cannot be written.
    """
    temporary = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    try:
        temporary.write_bytes(content)
        if path.exists():
            shutil.copymode(path, temporary)
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):  # what went wrong first is what is told
            temporary.unlink()
        raise


def write_out(path: Path, content: bytes) -> None:
    """Write a file where somebody asked for it, as `write_atomically` does; its folder is made.

    Raises:
        MaskreidError: it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, content)
    except OSError as error:
        raise MaskreidError(f"{path}: cannot be written ({error.strerror}); choose another place") from None


def check_folder(folder: Path) -> None:
    """Look whether files can be written into a folder, made if need be, before the work whose result goes there.

    Raises:
        MaskreidError: they cannot.
    """
    try:
        there = next(each for each in (folder, *folder.absolute().parents) if each.exists())
        writable = there.is_dir() and os.access(there, os.W_OK | os.X_OK)
    except OSError:  # not even looking is allowed
        writable = False
    if not writable:
        raise MaskreidError(f"{folder}: is no folder that can be written into; choose another place")
