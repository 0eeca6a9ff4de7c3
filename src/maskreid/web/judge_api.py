"""The JSON that judges, removes and compares."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from maskreid.gallery import Filter, browse, different, duplicates, judgements, remove, same, split, standing, undo
from maskreid.gallery.erase import unfinished
from maskreid.web.api import PROBLEMS
from maskreid.web.asking import MOST, FilterRequest
from maskreid.web.comparing import Compared, compared
from maskreid.web.desk import ServedDesk
from maskreid.web.errors import WebError
from maskreid.web.schemas import (
    ComparedOut,
    DuplicateOut,
    EntryOut,
    JudgementOut,
    JudgementsOut,
    ListingOut,
    RemovedOut,
)
from maskreid.web.uploads import IMAGES

Id = Annotated[str, Field(pattern="^[0-9a-f]{32}$")]
OneId = Annotated[str, Query(pattern="^[0-9a-f]{32}$")]
Name = Annotated[str, Field(min_length=1, max_length=200)]

router = APIRouter(prefix="/api", responses=PROBLEMS)


class JudgeRequest(BaseModel, extra="forbid"):
    """What somebody says about entries; see `maskreid.gallery.judge`."""

    what: Literal["same", "different", "split"]
    entries: list[Id] = Field(min_length=1, max_length=MOST)
    than: list[Id] = Field([], max_length=MOST, description="For different: entries of the person that they are not.")
    identity: Name | None = Field(None, description="For same and split: the person's name.")
    who: Name | None = Field(None, description="Says so; by default the server's user.")


class UndoRequest(BaseModel, extra="forbid"):
    """What to take back."""

    id: Annotated[str, Field(pattern="^[0-9a-f]{16}$")] | None = Field(None, description="The last, by default.")
    who: Name | None = None


class RemoveRequest(BaseModel, extra="forbid"):
    """What to remove for good; ``confirm`` is how many entries that is."""

    entries: list[Id] = Field(min_length=1, max_length=MOST)
    confirm: int


class EntriesRequest(FilterRequest):
    """Which entries are looked at; a search has no need of these conditions."""

    identity: str = Field("", max_length=200, description="Only this person's.")
    poor: bool = Field(False, description="Only entries whose mask covers too little or too much.")

    @property
    def where(self) -> Filter:
        """The conditions.

        Raises:
            MaskreidError: a time is none.
        """
        people = (self.identity,) if self.identity else ()
        return replace(super().where, identities=people, poor_mask=self.poor)


class BrowseRequest(EntriesRequest):
    """Which entries to list."""

    order: Literal["added", "time", "camera", "coverage"] = Field("added")
    top: int = Field(60, ge=1, le=MOST, description="Entries at most.")
    offset: int = Field(0, ge=0, le=1 << 40)


class DuplicatesRequest(EntriesRequest):
    """Among which entries to look for pairs."""

    top: int = Field(100, ge=1, le=MOST, description="Pairs at most.")


@router.get("/judgements")
def list_judgements(desk: ServedDesk) -> JudgementsOut:
    """List what was said, the last first."""
    all_ = judgements(desk.gallery)
    left = {each.id for each in standing(all_)}
    return JudgementsOut(judgements=[JudgementOut.of(each, each.id in left) for each in reversed(all_)])


@router.post("/judgements", status_code=201)
def judge(desk: ServedDesk, said: JudgeRequest) -> JudgementOut:
    """Say that entries show one person, or do not."""
    desk.whole_ids([*said.entries, *said.than])
    if said.what == "different":
        if not said.than:
            raise WebError("different needs than: entries of the person that these are not")
        if said.identity:
            raise WebError("different takes no identity: it says who the entries are not; leave it out")
        judged = different(desk.gallery, said.entries, said.than, who=said.who)
    else:
        if said.than:
            raise WebError(f"{said.what} takes no than: it is about entries alone; leave it out")
        how = same if said.what == "same" else split
        judged = how(desk.gallery, said.entries, said.identity, who=said.who)
    return JudgementOut.of(judged, True)


@router.post("/judgements/undo", status_code=201)
def take_back(desk: ServedDesk, said: UndoRequest) -> JudgementOut:
    """Take back a judgement: names are as before."""
    return JudgementOut.of(undo(desk.gallery, said.id, who=said.who), False)


@router.post("/removals")
def remove_entries(desk: ServedDesk, said: RemoveRequest) -> RemovedOut:
    """Remove entries and every trace of them, judgements included. Nothing brings them back."""
    if said.confirm != len(set(said.entries)):
        raise WebError(
            f"removal not confirmed: {len(set(said.entries))} entries are named, confirm is {said.confirm}"
        )
    if not unfinished(desk.gallery):  # else entries that are gone from view still have to go from files
        desk.whole_ids(said.entries)
    return RemovedOut(removed=remove(desk.gallery, Filter(ids=tuple(said.entries))))


@router.get("/entries")
def list_entries(desk: ServedDesk, asked: Annotated[BrowseRequest, Query()]) -> ListingOut:
    """List entries, a page at a time."""
    found = browse(desk.gallery, asked.where, order=asked.order, offset=asked.offset, limit=asked.top)
    return ListingOut(total=found.total, entries=[EntryOut.of(entry) for entry in found.entries])


@router.get("/duplicates")
def list_duplicates(desk: ServedDesk, asked: Annotated[DuplicatesRequest, Query()]) -> list[DuplicateOut]:
    """List pairs of entries that are nearly the same, the most alike first."""
    found = duplicates(desk.gallery, asked.where, most=asked.top)
    return [DuplicateOut(similarity=score, a=EntryOut.of(a), b=EntryOut.of(b)) for score, a, b in found]


def comparison(
    desk: ServedDesk,
    b: OneId,
    a: OneId | None = None,
    q: Annotated[str, Query(max_length=64)] = "",
    n: Annotated[int, Query(ge=0, lt=IMAGES)] = 0,
) -> Compared:
    """Return what an address asks to compare."""
    return compared(desk, b, a=a, q=q, n=n)


@router.get("/compare")
def compare_entries(found: Annotated[Compared, Depends(comparison)]) -> ComparedOut:
    """Compare entry b with entry a, or with image n of query q, region by region."""
    return ComparedOut(seen=found.seen, stored=found.stored, maps=[each.tolist() for each in found.maps])
