"""Which entries: by camera, time, tag, identity, id or mask."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from maskreid.errors import MaskreidError
from maskreid.gallery.schema import ID_DIGITS, check_text, quoted
from maskreid.images import check_camera

FEW, MUCH = 0.08, 0.75  # a mask that covers less or more of a crop has probably missed the person


@dataclass(frozen=True)
class Filter:
    """Conditions that an entry must all meet; without any, every entry does.

    Attributes:
        ids: one of these entries, each by the first digits of its id.
        not_ids: and none of these.
        identities: one of these people.
        clusters: in one of these proposed groups.
        cameras: seen by one of these cameras.
        not_cameras: and by none of these.
        after: seen at this time or later; not an entry without a time.
        before: seen before this time.
        tags: has each of these.
        poor_mask: its mask covers less than `FEW` or more than `MUCH` of the image.

    Raises:
        MaskreidError: an id is not hexadecimal, no camera has such a number, a time is not a number, or a text is not
            UTF-8.
    """

    ids: tuple[str, ...] = ()
    not_ids: tuple[str, ...] = ()
    identities: tuple[str, ...] = ()
    clusters: tuple[str, ...] = ()
    cameras: tuple[int, ...] = ()
    not_cameras: tuple[int, ...] = ()
    after: float | None = None
    before: float | None = None
    tags: tuple[str, ...] = ()
    poor_mask: bool = False

    def __post_init__(self) -> None:
        for what, several in vars(self).items():
            if isinstance(several, str):  # whose letters would be ids or names of their own
                raise MaskreidError(f"{what}: expected several, such as ({several!r},), got the text {several!r}")
        for each in (*self.ids, *self.not_ids):
            if not each or set(each) - set("0123456789abcdef") or len(each) > ID_DIGITS:
                raise MaskreidError(f"{each!r} is no entry's id; expected up to {ID_DIGITS} hexadecimal digits")
        for camera in (*self.cameras, *self.not_cameras):
            check_camera(camera)
        for what, texts in (("identity", self.identities), ("cluster", self.clusters), ("tag", self.tags)):
            for text in texts:
                check_text(what, text)
        for time in (self.after, self.before):
            if time is not None and not math.isfinite(time):
                raise MaskreidError(f"a time must be a finite number, got {time}")

    @property
    def sql(self) -> str:
        """The conditions as Lance reads them; empty without any."""
        terms = []
        if self.ids:
            terms.append(_any(self.ids))
        if self.not_ids:
            terms.append(f"NOT ({_any(self.not_ids)})")
        if self.identities:
            terms.append(f"identity IN ({quoted(self.identities)})")
        if self.clusters:
            terms.append(f"cluster IN ({quoted(self.clusters)})")
        if self.cameras:
            terms.append(f"camera IN ({', '.join(map(str, map(int, self.cameras)))})")
        if self.not_cameras:
            terms.append(f"camera NOT IN ({', '.join(map(str, map(int, self.not_cameras)))})")
        if self.after is not None:
            terms.append(f"time >= {float(self.after)!r}")
        if self.before is not None:
            terms.append(f"time < {float(self.before)!r}")
        terms += [f"array_has(tags, {quoted([tag])})" for tag in self.tags]
        if self.poor_mask:
            terms.append(f"coverage < {FEW} OR coverage > {MUCH}")
        return " AND ".join(f"({term})" for term in terms)


def _any(ids: Sequence[str]) -> str:
    whole = [each for each in ids if len(each) == ID_DIGITS]
    return " OR ".join(
        [
            *([f"id IN ({quoted(whole)})"] if whole else []),
            *(f"id LIKE '{each}%'" for each in ids if len(each) < ID_DIGITS),
        ]
    )
