"""The packed store: images decoded, masked and resized once, memory-mapped ever after."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from maskreid.errors import MaskreidError

LAYOUT = 2  # of the files; raise it when they would be read otherwise
INDEX = "index.json"


@dataclass(frozen=True)
class PackedImages:
    """Images of one size with their masks, in the order they were given.

    Attributes:
        pixels: (N, H, W, 3) uint8 RGB, memory-mapped.
        masks: (N, H, W) uint8, 1 on the person, memory-mapped.
        identities: (N,) int64.
        cameras: (N,) int64.
        paths: member paths.
        coverage: (N,) float32, share of the native image that the mask covered, before any fallback.
        fallbacks: how many masks covered less than the stated share and were replaced by the whole image.
        fingerprint: of the images' bytes, their order, the size and the masks.
    """

    pixels: npt.NDArray[np.uint8]
    masks: npt.NDArray[np.uint8]
    identities: npt.NDArray[np.int64]
    cameras: npt.NDArray[np.int64]
    paths: tuple[str, ...]
    coverage: npt.NDArray[np.float32]
    fallbacks: int
    fingerprint: str

    def __post_init__(self) -> None:
        count, *size = self.pixels.shape[:3]
        expected = ((count, *size), (count,), (count,), (count,), (count,))
        got = (self.masks.shape, self.identities.shape, self.cameras.shape, self.coverage.shape, (len(self.paths),))
        if got != expected or self.pixels.shape[3:] != (3,):
            raise MaskreidError(
                f"packed arrays do not fit together: pixels {self.pixels.shape}; masks, identities, cameras, "
                f"coverage and paths {', '.join(map(str, got))}"
            )

    def __len__(self) -> int:
        """How many images there are."""
        return len(self.paths)


def open_packed(folder: str | Path) -> PackedImages:
    """Open what `pack_images` wrote.

    Raises:
        MaskreidError: there is no pack, or it is damaged or of another version.
    """
    folder = Path(folder)
    try:
        index = json.loads((folder / INDEX).read_bytes())
        if index["version"] != LAYOUT:
            raise MaskreidError(f"{folder}: another version of maskreid packed these images; pack them again")
        return PackedImages(
            pixels=np.load(folder / index["pixels"], mmap_mode="r"),
            masks=np.load(folder / index["masks"], mmap_mode="r"),
            identities=np.array(index["identities"], dtype=np.int64),
            cameras=np.array(index["cameras"], dtype=np.int64),
            paths=tuple(index["paths"]),
            coverage=np.array(index["coverage"], dtype=np.float32),
            fallbacks=index["fallbacks"],
            fingerprint=index["fingerprint"],
        )
    except FileNotFoundError as error:
        raise MaskreidError(f"{folder}: no packed images here ({Path(error.filename).name} is missing)") from None
    except (OSError, ValueError, KeyError, TypeError, EOFError) as error:
        raise MaskreidError(f"{folder}: these packed images are damaged ({error}); pack them again") from None
