"""A search as an address holds it, and its answer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Literal
from urllib.parse import urlencode

import numpy as np
from pydantic import BaseModel, Field

from maskreid.errors import MaskreidError
from maskreid.gallery import Filter, Hit, features_of, refined, search
from maskreid.gallery.nearest import Vectors
from maskreid.images import parse_time
from maskreid.images.records import LAST_CAMERA, UNKNOWN_CAMERA
from maskreid.web.desk import Desk

MOST = 2000  # answers at a time
Camera = Annotated[int, Field(ge=UNKNOWN_CAMERA, le=LAST_CAMERA)]


class FilterRequest(BaseModel, extra="forbid"):
    """Which entries may answer; every field may be left out, and a misspelt one is refused."""

    camera: list[Camera] = Field([], max_length=1000, description="Only by one of these cameras; -1 is unknown.")
    after: str = Field("", max_length=40, description="Seen at this time or later: a number, or a date.")
    before: str = Field("", max_length=40, description="Seen before this time.")
    tag: list[str] = Field([], max_length=20, description="Only with each of these tags.")

    def parameters(self, **changed: object) -> str:
        """Return an address's "?name=value..." of this, or of one that is a little different, without defaults."""
        values = self.model_copy(update=changed).model_dump(exclude_defaults=True)
        pairs = [(name, value) for name, value in values.items() if value not in ("", [])]
        return "?" + urlencode(pairs, doseq=True) if pairs else ""

    @property
    def where(self) -> Filter:
        """The conditions.

        Raises:
            MaskreidError: a time is none.
        """
        return Filter(
            cameras=tuple(self.camera),
            after=parse_time(self.after) if self.after.strip() else None,
            before=parse_time(self.before) if self.before.strip() else None,
            tags=tuple(tag for tag in self.tag if tag),
        )


class SearchRequest(FilterRequest):
    """Everything that decides an answer; every field may be left out."""

    q: str = Field("", max_length=64, description="An uploaded query's id.")
    like: list[str] = Field([], max_length=100, description="Entries that show the person.")
    unlike: list[str] = Field([], max_length=100, description="Entries that do not.")
    least: float = Field(-1.0, ge=-1, le=1, description="Only this alike (cosine) or more.")
    top: int = Field(60, ge=1, le=MOST, description="Answers at most.")
    group: Literal["", "camera", "time"] = Field("", description="How a page groups the answers.")

    @property
    def refined(self) -> bool:
        """Whether entries decide together with, or instead of, an uploaded query."""
        return bool(self.like or self.unlike)

    @property
    def asks(self) -> bool:
        """Whether there is somebody to look for."""
        return bool(self.q or self.like)

    def address(self, **changed: object) -> str:
        """Return the page's address of this search, or of one that is a little different."""
        return "/" + self.parameters(**changed)


@dataclass(frozen=True)
class Answer:
    """What was found.

    Attributes:
        hits: the most similar first.
        best: the most similar one whatever ``least`` says; None where no entry passes the filters.
        calibrated: whether similarities have probabilities; those of a refined query have none.
    """

    hits: list[Hit]
    best: Hit | None
    calibrated: bool


def vector_of(desk: Desk, request: SearchRequest) -> Vectors:
    """Return the query, refined, (1, D).

    Raises:
        MaskreidError: it is no longer kept, or an entry is not there.
    """
    query = desk.queries.get(request.q).vector if request.q else None
    features = features_of(desk.gallery, desk.whole_ids([*request.like, *request.unlike]))
    size = desk.gallery.settings.dimension
    right, wrong = (
        np.array([features[id_] for id_ in ids], np.float32).reshape(-1, size)
        for ids in (request.like, request.unlike)
    )
    if query is not None and not request.refined:
        return query
    return refined(query, right, wrong)


def answer(desk: Desk, request: SearchRequest) -> Answer:
    """Search.

    Raises:
        MaskreidError: there is nobody to look for, or as `vector_of`.
    """
    if not request.asks:
        raise MaskreidError("a search needs q, an uploaded query, or like, an entry's id")
    where = request.where
    entries = (" ".join(ids) or "-" for ids in (request.like, request.unlike))
    asked = "page: query {}, like {}, unlike {}".format(request.q[:6] or "-", *entries)
    vectors, card = vector_of(desk, request), desk.asker.model.card
    hits = search(desk.gallery, vectors, top=request.top, where=where, asked=asked, card=card)[0]
    if request.refined:  # calibrated was one image, not what people made of it
        hits = [replace(hit, probability=None) for hit in hits]
    best = hits[0] if hits else None
    calibrated = bool(best and best.probability is not None)
    return Answer([hit for hit in hits if hit.similarity >= request.least], best, calibrated)
