"""Say who is who, and take it back: every judgement is written down before it changes a name."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from maskreid.errors import MaskreidError
from maskreid.gallery.audit import log, user
from maskreid.gallery.filters import Filter
from maskreid.gallery.gallery import Entry, Gallery
from maskreid.gallery.judgements import Judged, append, judgements, judging, standing, take_back
from maskreid.gallery.label import rename
from maskreid.gallery.lock import writing
from maskreid.gallery.names import check_name
from maskreid.gallery.tend import tend_files


def same(gallery: Gallery, ids: Sequence[str], identity: str | None = None, who: str | None = None) -> Judged:
    """Say that entries show one person; people whom they were said to show before are merged.

    Args:
        gallery: whose entries.
        ids: whole ids.
        identity: the person's name; by default the first name among the entries, else a new one.
        who: says so; by default the system's user.

    Raises:
        MaskreidError: an entry is not there, the name is none, or the gallery cannot be written.
    """
    check_name(identity)
    with _deciding(gallery):
        entries = _entries(gallery, ids)
        names = list(dict.fromkeys(entry.identity for entry in entries if entry.identity))
        name = identity or (names[0] if names else new_name())
        merged = gallery.entries(Filter(identities=tuple(names))) if names else []
        changed = {entry.id: entry.identity for entry in (*entries, *merged) if entry.identity != name}
        return _said(gallery, Judged.now(who or user(), "same", ids, identity=name, before=changed), name)


def different(gallery: Gallery, ids: Sequence[str], than: Sequence[str], who: str | None = None) -> Judged:
    """Say that none of some entries shows the person of others; the ones that had that person's name lose it.

    Raises:
        MaskreidError: an entry is not there or on both sides, or the gallery cannot be written.
    """
    if set(ids) & set(than):
        raise MaskreidError("different: an entry cannot differ from itself; name it on one side only")
    with _deciding(gallery):
        persons = {entry.identity for entry in _entries(gallery, than)} - {None}
        changed = {entry.id: entry.identity for entry in _entries(gallery, ids) if entry.identity in persons}
        judged = Judged.now(who or user(), "different", ids, than=tuple(than), before=changed)
        return _said(gallery, judged, None)


def split(gallery: Gallery, ids: Sequence[str], identity: str | None = None, who: str | None = None) -> Judged:
    """Say that entries show one person, but another than the other entries of their name: they get a new one.

    Raises:
        MaskreidError: an entry is not there, the name is already somebody's, or the gallery cannot be written.
    """
    check_name(identity)
    with _deciding(gallery):
        entries = _entries(gallery, ids)
        name = identity or new_name()
        if gallery.count(Filter(identities=(name,))):
            raise MaskreidError(f"split: {name!r} is somebody already; give a new name")
        changed = {entry.id: entry.identity for entry in entries}
        return _said(gallery, Judged.now(who or user(), "split", ids, identity=name, before=changed), name)


def undo(gallery: Gallery, id_: str | None = None, who: str | None = None) -> Judged:
    """Take back a judgement: the names that it changed are as before, unless somebody has changed them since.

    Names first, then the line that says so: after a kill in between, the same call finishes it.

    Args:
        gallery: where it was made.
        id_: of the judgement; the last that stands by default.
        who: takes it back.

    Returns:
        The undoing; its ``left`` names the entries that were labelled since and stay as they are.

    Raises:
        MaskreidError: there is none that stands, a later one says something about the same entries, or the gallery
            cannot be written.
    """
    with _deciding(gallery):
        stood = standing(judgements(gallery))
        found = next((each for each in reversed(stood) if id_ in (None, each.id)), None)
        if found is None:
            raise MaskreidError("undo: there is no judgement to take back" + (f" with id {id_}" if id_ else ""))
        later = next((each for each in stood[stood.index(found) + 1 :] if each.names & found.names), None)
        if later:
            raise MaskreidError(f"undo: judgement {later.id} is later and about the same entries; take it back first")
        before = found.before or {}
        now = {entry.id: entry.identity for entry in gallery.entries(Filter(ids=tuple(before)))} if before else {}
        mine = [each for each, name in now.items() if name == found.identity]
        for name in {before[each] for each in mine}:
            _rename(gallery, [each for each in mine if before[each] == name], name)
        left = tuple(each for each, name in now.items() if name not in (found.identity, before[each]))
        judged = Judged.now(who or user(), "undo", found.entries, undoes=found.id, left=left)
        append(gallery, judged)
        return judged


def new_name() -> str:
    """Return a name that nobody has yet, for a person whom nobody knows."""
    return f"person-{secrets.token_hex(4)}"


@contextmanager
def _deciding(gallery: Gallery) -> Iterator[None]:
    """Hold the judgements and keep removals out: none can come between a judgement and the names that it changes."""
    with judging(gallery), writing(gallery.path):
        yield
    tend_files(gallery)


def _said(gallery: Gallery, judged: Judged, name: str | None) -> Judged:
    """Write it down, then change the names: a kill in between leaves a judgement that undoing makes harmless.

    Names that cannot be changed leave none, so that what failed can be said again.
    """
    about = {"entries": list(judged.entries), "than": list(judged.than)}
    log(gallery, {"judged": judged.what, "by": judged.who, **about})
    length = append(gallery, judged)
    try:
        _rename(gallery, list(judged.before or {}), name)
    except MaskreidError:
        take_back(gallery, length)
        raise
    return judged


def _rename(gallery: Gallery, ids: Sequence[str], name: str | None) -> None:
    if ids:
        rename(gallery, Filter(ids=tuple(ids)), name)


def _entries(gallery: Gallery, ids: Sequence[str]) -> list[Entry]:
    """Return the entries in the order of their ids."""
    found = {entry.id: entry for entry in gallery.entries(Filter(ids=tuple(ids)))} if ids else {}
    missing = [id_ for id_ in ids if id_ not in found]
    if missing or not ids:
        raise MaskreidError(
            f"{gallery.path}: there is no entry {missing[0]}; maskreid gallery list shows them"
            if missing
            else "judge: name an entry"
        )
    return [found[id_] for id_ in dict.fromkeys(ids)]
