"""Two pictures side by side: their masks, and which regions made them alike."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import numpy.typing as npt
from fastapi import APIRouter, Depends, Query, Request
from PIL import Image
from starlette.responses import Response

from maskreid.gallery import Entry, Filter, features_of, occlusion
from maskreid.gallery.asker import Mask, Picture
from maskreid.gallery.nearest import Vectors
from maskreid.images import decode_image
from maskreid.web.desk import Desk, desk_of
from maskreid.web.errors import NotThereError
from maskreid.web.render import write
from maskreid.web.uploads import IMAGES

HEIGHT = 288  # of the pictures that are shown
ALIKE, UNLIKE, REST = (0, 121, 92), (194, 65, 12), (11, 98, 176)

router = APIRouter(include_in_schema=False)
Desk_ = Annotated[Desk, Depends(desk_of)]
OneId = Annotated[str, Query(pattern="^[0-9a-f]{32}$")]


@dataclass(frozen=True, eq=False)
class Side:
    """One of the two."""

    entry: Entry | None
    picture: Picture
    mask: Mask
    vector: Vectors


@router.get("/compare")
def compare_page(
    request: Request,
    desk: Desk_,
    b: OneId,
    a: OneId | None = None,
    q: Annotated[str, Query(max_length=64)] = "",
    n: Annotated[int, Query(ge=0, lt=IMAGES)] = 0,
) -> Response:
    """Show two entries, or a query's image and an entry."""
    sides = [_asked(desk, q, n) if a is None else _enrolled(desk, a), _enrolled(desk, b)]
    maps = [
        occlusion(desk.asker, side.picture, side.mask, other.vector)
        for side, other in zip(sides, reversed(sides), strict=True)
    ]
    scale = max(float(np.abs(each).max()) for each in maps) or 1.0
    stored = None
    if a is not None:
        features = features_of(desk.gallery, [a, b])
        stored = float(features[a] @ features[b])
    return write(
        request,
        "compare.html",
        sides=[
            {
                "entry": side.entry,
                "mask": _uri(_tinted(side.picture, side.mask)) if desk.asker.masked else "",
                "map": _uri(_heated(side.picture, each / scale)),
                "picture": _uri(side.picture),
            }
            for side, each in zip(sides, maps, strict=True)
        ],
        seen=float(sides[0].vector[0] @ sides[1].vector[0]),
        stored=stored,
        scale=scale,
    )


def _asked(desk: Desk, q: str, n: int) -> Side:
    image = desk.queries.image(q, n)
    mask = image.mask if image.masked else np.ones_like(image.mask)
    return Side(None, image.picture, mask, image.vector)


def _enrolled(desk: Desk, id_: str) -> Side:
    """Return an entry as its kept picture has it, which is smaller than what was enrolled."""
    content = desk.picture(id_)
    if content is None:
        raise NotThereError(
            f"of entry {id_} no picture was kept, so it cannot be compared; maskreid serve --images DATA finds it"
        )
    picture = decode_image(content, f"the picture of {id_}")
    mask = desk.asker.mask(picture)
    return Side(desk.gallery.entries(Filter(ids=(id_,)))[0], picture, mask, desk.asker.vector(picture, mask))


def _tinted(picture: Picture, mask: Mask) -> Picture:
    shade = picture * np.float32(0.28) + np.float32(0.72) * np.array(REST, np.float32)
    return np.where(mask[..., None], picture, shade).astype(np.uint8)


def _heated(picture: Picture, map_: npt.NDArray[np.float32]) -> Picture:
    """Return a grey picture, green where the map is positive, orange where it is negative; 1 is the deepest."""
    height, width = picture.shape[:2]
    smooth = np.asarray(Image.fromarray(map_).resize((width, height), Image.Resampling.BICUBIC))
    grey = np.repeat(picture.mean(2, keepdims=True), 3, 2) * 0.75 + 40
    colour = np.where(smooth[..., None] >= 0, np.array(ALIKE), np.array(UNLIKE))
    strength = 0.85 * np.abs(smooth).clip(0, 1)[..., None]
    return np.asarray((grey * (1 - strength) + colour * strength).clip(0, 255), np.uint8)


def _uri(picture: Picture) -> str:
    image = Image.fromarray(picture)
    image = image.resize((max(1, round(image.width * HEIGHT / image.height)), HEIGHT), Image.Resampling.BICUBIC)
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=3)
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"
