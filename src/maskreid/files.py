"""Files that are whole or not there."""

from __future__ import annotations

import errno
import fcntl
import os
import re
import secrets
import shutil
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO, BinaryIO

from maskreid.errors import MaskreidError


@contextmanager
def telling_unwritable(path: Path, advice: str = "make room, or choose another place") -> Iterator[None]:
    """Say in one line that ``path`` cannot be written, and what to do about it, where the system says so.

    Raises:
        MaskreidError: instead of OSError.
    """
    try:
        yield
    except OSError as error:
        raise MaskreidError(f"{path}: cannot be written ({error.strerror or error}); {advice}") from None


def write_atomically(path: Path, content: bytes | memoryview) -> None:
    """Write a file as `replacing` does.

    Raises:
        OSError: it cannot be written.
    """
    with replacing(path) as file:
        file.write(content)


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Write a file so that a kill leaves the old content or the new, never a part.

    Of several processes that write one file at once, each writes a whole one, and the last one's stays. Permissions
    are those of the old file, or of any new one.

    Raises:
        OSError: it cannot be written.
    """
    if not path.name:  # "." or "/"
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    temporary = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    try:
        with temporary.open("wb") as file:
            yield file
        if path.exists():
            shutil.copymode(path, temporary)
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):  # what went wrong first is what is told
            temporary.unlink()
        raise


@contextmanager
def replacing_all(paths: Sequence[Path]) -> Iterator[list[BinaryIO]]:
    """Write files that belong together, each as `replacing` does, once all are whole on the disk.

    Raises:
        OSError: one cannot be written; then none is replaced.
    """
    with ExitStack() as together:
        files = [together.enter_context(replacing(path)) for path in paths]
        yield files
        for file in files:  # a full disk says so before the first is replaced
            file.flush()


def append_line(path: Path, line: str) -> int:
    """Write one more line whole or not at all, after those of other processes; return how long the file was before.

    Half a line that a kill left is taken away first.

    Raises:
        OSError: it cannot be written.
    """
    content = line.encode() + b"\n"
    with path.open("ab+", buffering=0) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        whole = cut_to_lines(file)
        try:
            if file.write(content) < len(content):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(file.fileno())
        except OSError:
            file.truncate(whole)
            raise
    return whole


def cut_to_lines(file: IO[bytes]) -> int:
    """Take half a line away from a file's end; return how long it is then."""
    length = file.seek(0, os.SEEK_END)
    if length:
        file.seek(length - 1)
        if file.read(1) != b"\n":
            file.seek(0)
            length = file.read().rfind(b"\n") + 1
            file.truncate(length)
    return length


def cache_folder() -> Path:
    """Where what can be made again is kept: ``$MASKREID_CACHE``, or ``~/.cache/maskreid``."""
    return Path(os.environ.get("MASKREID_CACHE") or Path("~/.cache/maskreid").expanduser())


def write_out(path: Path, content: bytes | str) -> None:
    """Write a file where somebody asked for it, as `write_atomically` does; its folder is made.

    Text is UTF-8, but for names of files that are not: their bytes stay as they are.

    Raises:
        MaskreidError: it cannot be written.
    """
    with telling_unwritable(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, content.encode(errors="surrogateescape") if isinstance(content, str) else content)


def as_text(name: str) -> str:
    """Return a text as UTF-8 has it: other bytes, as a file's name may have them, become escapes."""
    return name.encode(errors="backslashreplace").decode()


def one_line(text: str) -> str:
    """Return a text without what would break a line, or steer a terminal: names of files may hold anything."""
    return "".join(repr(each)[1:-1] if unicodedata.category(each) == "Cc" else each for each in text)


def as_file_name(text: str) -> str:
    """Return the name that `as_text` made a text of."""
    return re.sub(r"\\udc([89a-f][0-9a-f])", lambda found: chr(0xDC00 + int(found[1], 16)), text)


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
        raise MaskreidError(f"{folder}: is not a folder that can be written to; choose another place")


def check_file(path: Path) -> None:
    """Look whether a file can be written, before the work whose result goes there.

    Raises:
        MaskreidError: it cannot.
    """
    check_folder(path.parent)
    if path.is_dir():
        raise MaskreidError(f"{path}: is a folder; name a file")
