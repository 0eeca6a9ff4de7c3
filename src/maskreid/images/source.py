"""Where bytes come from: a folder, or a zip as it was downloaded. Neither is ever written to."""

from __future__ import annotations

import lzma
import os
import threading
import zipfile
import zlib
from pathlib import Path
from typing import Protocol

from maskreid.errors import MaskreidError


class Source(Protocol):
    """A read-only tree of files."""

    @property
    def name(self) -> str:
        """What to call it in messages."""

    def members(self) -> list[str]:
        """Return every file's path, sorted, with "/" separators, relative to the root."""

    def read(self, member: str) -> bytes:
        """Return one file's content."""


class Folder:
    """A folder on disk. Links to folders are followed, except back to a folder they stand in.

    A link to nothing is a file that cannot be read, and so is a hidden folder, or lost+found, that may not be looked
    into: it is named where it is wanted, and counted where it is not.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.name = str(path)

    def members(self) -> list[str]:
        """Return every file's path, sorted, with "/" separators, relative to the root."""
        found: list[str] = []
        try:
            _list(str(self.path), "", (), found)
        except OSError as error:
            raise MaskreidError(f"{error.filename or self.path}: cannot be listed ({error.strerror})") from None
        return sorted(found)

    def read(self, member: str) -> bytes:
        """Return one file's content."""
        path = self.path / member
        try:
            if path.exists() and not path.is_file():  # reading a pipe would wait for ever
                raise MaskreidError(f"{path}: expected a regular file")
            return path.read_bytes()
        except OSError as error:
            raise MaskreidError(f"{path}: cannot be read ({error.strerror or error})") from None


class Zip:
    """A zip archive, read in place."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.name = str(path)
        self._local = threading.local()  # one handle a thread: a ZipFile's reads share a position
        # Some programs for Windows write "\\" between folders.
        names = (info.filename for info in self._archive().infolist())
        self._stored = {name.replace("\\", "/"): name for name in names}

    def members(self) -> list[str]:
        """Return every file's path, sorted, with "/" separators, relative to the root."""
        names = (info.filename.replace("\\", "/") for info in self._archive().infolist())
        return sorted(name for name in names if not name.endswith("/"))

    def read(self, member: str) -> bytes:
        """Return one file's content."""
        try:
            return self._archive().read(self._stored[member])
        except KeyError:
            raise MaskreidError(f"{self.path}: has no member {member}") from None
        except (zipfile.BadZipFile, OSError, EOFError, zlib.error, lzma.LZMAError, UnicodeDecodeError) as error:
            raise MaskreidError(f"{self.path}: {member} is damaged ({error}); download the archive again") from None
        except (RuntimeError, NotImplementedError) as error:  # a password, or an unusual compression
            raise MaskreidError(f"{self.path}: {member} cannot be unpacked ({error}); unpack it yourself") from None

    def _archive(self) -> zipfile.ZipFile:
        archive: zipfile.ZipFile | None = getattr(self._local, "archive", None)
        if archive is None:
            try:
                archive = zipfile.ZipFile(self.path)
            except (zipfile.BadZipFile, OSError, NotImplementedError, UnicodeDecodeError) as error:
                raise MaskreidError(f"{self.path}: not a readable zip ({error}); download it again") from None
            self._local.archive = archive
        return archive


def open_source(path: str | Path) -> Source:
    """Return the folder or zip at ``path``.

    Raises:
        MaskreidError: there is nothing there, or it is neither.
    """
    path = Path(path)
    if path.is_dir():
        return Folder(path)
    if not path.exists():
        raise MaskreidError(f"{path}: no such folder or zip")
    kinds = "expected a folder, a zip archive or a .csv"
    if not path.is_file():  # reading a pipe would wait for ever
        raise MaskreidError(f"{path}: {kinds}")
    if not zipfile.is_zipfile(path) and not _begins_as_zip(path):  # a zip that is cut off is told as such
        raise MaskreidError(f"{path}: {kinds}")
    return Zip(path)


def _begins_as_zip(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(4) == b"PK\3\4"
    except OSError:
        return False


def _list(folder: str, prefix: str, above: tuple[str, ...], found: list[str]) -> None:
    real = os.path.realpath(folder)
    if real in above:
        return
    with os.scandir(folder) as entries:
        for entry in entries:
            try:
                inner, file = entry.is_dir(), entry.is_file()
            except OSError:  # a link to itself
                inner, file = False, False
            if inner:
                try:
                    _list(entry.path, f"{prefix}{entry.name}/", (*above, real), found)
                except PermissionError:
                    if entry.name != "lost+found" and not entry.name.startswith("."):  # the system's, as .Trash-0 is
                        raise
                    found.append(prefix + entry.name)
            elif file or (entry.is_symlink() and not os.path.exists(entry.path)):
                found.append(prefix + entry.name)
