"""What the API answers with; `maskreid.web.client` reads the same."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from pydantic import BaseModel

if TYPE_CHECKING:  # a client needs neither torch nor LanceDB
    from maskreid.gallery import Entry, Hit, Judged
    from maskreid.web.queries import Query


class Problem(BaseModel):
    """Why there is no other answer."""

    detail: str


class EntryOut(BaseModel):
    """One enrolled image."""

    id: str
    camera: int
    time: float | None
    identity: str | None
    cluster: str | None
    tags: list[str]
    source: str
    path: str
    coverage: float
    added: datetime

    @classmethod
    def of(cls, entry: Entry) -> EntryOut:
        """Return an entry as JSON has it."""
        return cls(**{name: getattr(entry, name) for name in cls.model_fields})


class HitOut(BaseModel):
    """One answer; ``probability`` is that of a query's best answer, null where the model is not calibrated."""

    similarity: float
    probability: float | None
    entry: EntryOut

    @classmethod
    def of(cls, hit: Hit) -> HitOut:
        """Return a hit as JSON has it."""
        return cls(similarity=hit.similarity, probability=hit.probability, entry=EntryOut.of(hit.entry))


class AnswerOut(BaseModel):
    """What was found, the most similar first."""

    calibrated: bool
    hits: list[HitOut]


class ImageOut(BaseModel):
    """One image of a query, as it is kept: pixels, and whether a mask counts."""

    width: int
    height: int
    masked: bool
    coverage: float


class QueryOut(BaseModel):
    """A query that is kept for a while."""

    id: str
    images: list[ImageOut]

    @classmethod
    def of(cls, query: Query) -> QueryOut:
        """Return a query as JSON has it."""
        images = [
            ImageOut(
                width=image.picture.shape[1],
                height=image.picture.shape[0],
                masked=image.masked,
                coverage=float(image.mask.mean()),
            )
            for image in query.images
        ]
        return cls(id=query.id, images=images)


class OverviewOut(BaseModel):
    """What the gallery holds."""

    entries: int
    people: int
    named: int
    cameras: dict[int, int]
    tags: dict[str, int]
    first: float | None
    last: float | None
    timeless: int
    coverage: list[int]


class ListingOut(BaseModel):
    """A page of entries, and how many there are on all pages."""

    total: int
    entries: list[EntryOut]


class DuplicateOut(BaseModel):
    """Two entries that are nearly the same."""

    similarity: float
    a: EntryOut
    b: EntryOut


class JudgementOut(BaseModel):
    """What somebody said; ``stands`` until it is undone; an undo leaves entries alone that were named since."""

    id: str
    when: str
    who: str
    what: str
    entries: list[str]
    than: list[str]
    identity: str | None
    changed: int
    undoes: str | None
    left: list[str]
    stands: bool

    @classmethod
    def of(cls, judged: Judged, stands: bool) -> JudgementOut:
        """Return a judgement as JSON has it."""
        return cls(
            id=judged.id,
            when=judged.when,
            who=judged.who,
            what=judged.what,
            entries=list(judged.entries),
            than=list(judged.than),
            identity=judged.identity,
            changed=len(judged.before or {}),
            undoes=judged.undoes,
            left=list(judged.left),
            stands=stands,
        )


class JudgementsOut(BaseModel):
    """All judgements, the last first."""

    judgements: list[JudgementOut]


class RemovedOut(BaseModel):
    """How many entries are gone."""

    removed: int


class ComparedOut(BaseModel):
    """Two pictures: cosine as ``seen`` here and as ``stored``, and of each what covering a region loses of it."""

    seen: float
    stored: float | None
    maps: list[list[list[float]]]
