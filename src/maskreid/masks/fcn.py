"""Masks from a segmenter, the shipped one or another."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path

import numpy as np
import numpy.typing as npt
import safetensors.torch
import torch
from safetensors import SafetensorError

from maskreid.errors import MaskreidError
from maskreid.images import PersonImage, Source
from maskreid.masks.scale import at_rows
from maskreid.masks.segmenter import PersonSegmenter
from maskreid.network import autocast, placed

WEIGHTS = "person-fcn"  # the file in this package: person-fcn.safetensors, described by person-fcn.json


@cache
def load_segmenter(path: str | None = None) -> PersonSegmenter:
    """Return a segmenter, ready to predict (stored as float16, computed in float32).

    Args:
        path: of the weights that `learn_segmenter` wrote; the shipped ones by default.

    Raises:
        MaskreidError: there are none.
    """
    network = PersonSegmenter()
    try:
        state = safetensors.torch.load(_weights() if path is None else Path(path).read_bytes())
        state.setdefault("rows", network.rows)  # as of the shipped weights, where a file does not say
        network.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in state.items()})
    except OSError as error:
        raise MaskreidError(f"{path}: cannot be read ({error.strerror})") from None
    except (SafetensorError, RuntimeError):
        raise MaskreidError(f"{path}: no segmenter; maskreid masks train writes one") from None
    return placed(network.eval())


class FcnMasks:
    """A `maskreid.images.MaskSource` that segments each image at about the height that its segmenter learned at."""

    def __init__(self, segmenter: PersonSegmenter | None = None) -> None:
        """Use ``segmenter``, or the shipped one."""
        self.segmenter = segmenter or load_segmenter()
        digest = hashlib.sha256()
        for value in self.segmenter.state_dict().values():
            digest.update(value.contiguous().numpy().tobytes())
        self.name = f"fcn-{digest.hexdigest()[:12]}"

    def __call__(
        self, source: Source, images: Sequence[PersonImage], pixels: Sequence[npt.NDArray[np.uint8]]
    ) -> list[npt.NDArray[np.bool_]]:
        """Return one (H, W) mask for each (H, W, 3) image; images of one shape are segmented together."""
        return segment(self.segmenter, pixels)


def segment(segmenter: PersonSegmenter, pixels: Sequence[npt.NDArray[np.uint8]]) -> list[npt.NDArray[np.bool_]]:
    """Segment images of any sizes.

    Args:
        segmenter: in evaluation mode.
        pixels: (H, W, 3) uint8 RGB arrays.

    Returns:
        (H, W) bool arrays in the same order, true on the person.
    """

    def person(batch: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
        tensor = torch.from_numpy(batch).permute(0, 3, 1, 2).float().contiguous(memory_format=torch.channels_last)
        with torch.inference_mode(), autocast("cpu"):
            return np.asarray((segmenter(tensor) > 0).numpy())

    return at_rows(person, pixels, int(segmenter.rows))


def _weights() -> bytes:
    return files("maskreid.masks").joinpath(f"{WEIGHTS}.safetensors").read_bytes()
