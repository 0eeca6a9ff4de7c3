"""Masks from the shipped segmenter."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

import numpy as np
import numpy.typing as npt
import safetensors.torch
import torch

from maskreid.images import PersonImage, Source
from maskreid.masks.segmenter import PersonSegmenter

WEIGHTS = "person-fcn"  # the file in this package: person-fcn.safetensors, described by person-fcn.json
BATCH = 64


@cache
def load_segmenter() -> PersonSegmenter:
    """Return the shipped segmenter, ready to predict (stored as float16, computed in float32)."""
    network = PersonSegmenter()
    state = safetensors.torch.load(_weights())
    network.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in state.items()})
    network.eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return network


class FcnMasks:
    """A `maskreid.images.MaskSource` that segments each image at its own size."""

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
        """Return one (H, W) mask for each (H, W, 3) image; images of one size are segmented together."""
        return segment(self.segmenter, pixels)


def segment(segmenter: PersonSegmenter, pixels: Sequence[npt.NDArray[np.uint8]]) -> list[npt.NDArray[np.bool_]]:
    """Segment images of any sizes.

    Args:
        segmenter: in evaluation mode.
        pixels: (H, W, 3) uint8 RGB arrays.

    Returns:
        (H, W) bool arrays in the same order, true on the person.
    """
    by_size: dict[tuple[int, ...], list[int]] = {}
    for index, image in enumerate(pixels):
        by_size.setdefault(image.shape, []).append(index)
    masks: dict[int, npt.NDArray[np.bool_]] = {}
    for indices in by_size.values():
        for start in range(0, len(indices), BATCH):
            chosen = indices[start : start + BATCH]
            batch = torch.from_numpy(np.stack([pixels[i] for i in chosen])).permute(0, 3, 1, 2).float()
            with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
                person = (segmenter(batch.contiguous(memory_format=torch.channels_last)) > 0).numpy()
            masks.update(zip(chosen, person, strict=True))
    return [masks[i] for i in range(len(pixels))]


def _weights() -> bytes:
    return files("maskreid.masks").joinpath(f"{WEIGHTS}.safetensors").read_bytes()
