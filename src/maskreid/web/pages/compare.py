"""Two pictures side by side: their masks, and which regions made them alike."""

from __future__ import annotations

import base64
import io
from typing import Annotated

import numpy as np
import numpy.typing as npt
from fastapi import APIRouter, Depends, Request
from PIL import Image
from starlette.responses import Response

from maskreid.gallery.asker import Mask, Picture
from maskreid.web.comparing import Compared
from maskreid.web.desk import ServedDesk
from maskreid.web.judge_api import comparison
from maskreid.web.render import write

HEIGHT, WIDTH = 288, 576  # of the pictures that are shown, at most
ALIKE, UNLIKE, REST = (0, 121, 92), (194, 65, 12), (11, 98, 176)

router = APIRouter(include_in_schema=False)


@router.get("/compare")
def compare_page(request: Request, desk: ServedDesk, found: Annotated[Compared, Depends(comparison)]) -> Response:
    """Show two entries, or a query's image and an entry."""
    scale = max(float(np.abs(each).max()) for each in found.maps) or 1.0
    return write(
        request,
        "compare.html",
        sides=[
            {
                "entry": side.entry,
                "place": side.place,
                "mask": _uri(_tinted(side.picture, side.mask)) if desk.asker.masked else "",
                "map": _uri(_heated(side.picture, each / scale)),
                "picture": _uri(side.picture),
            }
            for side, each in zip(found.sides, found.maps, strict=True)
        ],
        seen=found.seen,
        stored=found.stored,
        scale=scale,
        q=request.query_params.get("q", ""),
    )


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
    scale = min(HEIGHT / image.height, WIDTH / image.width)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    image = image.resize(size, Image.Resampling.BICUBIC)
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=3)
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"
