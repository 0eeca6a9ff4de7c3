"""A model is a network together with its preprocessing: what `load_model` returns."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from maskreid.errors import MaskreidError, check_count
from maskreid.network.card import unmeasured
from maskreid.network.device import autocast
from maskreid.network.infer import infer
from maskreid.network.maskreid import MaskReID


class Model:
    """A network in evaluation mode and the card that says how to feed it.

    Attributes:
        network: the `MaskReID` network.
        card: the model card; `maskreid.network.make_card` lists its keys.
    """

    def __init__(self, network: MaskReID, card: dict[str, Any]) -> None:
        self.network = network
        self.card = card

    @property
    def dimension(self) -> int:
        """Length of a feature."""
        return self.network.config.dimension

    @property
    def resize(self) -> tuple[int, int]:
        """(height, width) that images are resized to before `embed`."""
        height, width = self.card["preprocessing"]["resize"]
        return height, width

    @property
    def min_share(self) -> float:
        """Share of an image below which a mask counts as none: the whole image stands in."""
        return float(self.card["preprocessing"]["masks"]["min_share"])

    def masks_from(self, asked: str | None = None) -> str:
        """Return where its masks come from: as ``asked``, else as in training; "none" where it reads no mask."""
        if self.network.config.streams == 1:
            return "none"
        return asked or str(self.card["preprocessing"]["masks"]["source"])

    @property
    def flip(self) -> bool:
        """Whether `embed` adds the mirror image's feature: twice the time."""
        return bool(self.card["preprocessing"].get("flip", False))

    def with_flip(self, flip: bool) -> Model:
        """Return the same network with or without the mirror image, which is another model: see `fingerprint`.

        Its card has neither a calibration nor metrics: those were of another feature.
        """
        if flip == self.flip:
            return self
        preprocessing = {**self.card["preprocessing"], "flip": flip}
        return Model(self.network, {**unmeasured(self.card), "preprocessing": preprocessing})

    @property
    def device(self) -> torch.device:
        """Where the network is."""
        return next(self.network.parameters()).device

    @property
    def fingerprint(self) -> str:
        """Sixteen hex digits that change with the weights and with the preprocessing."""
        digest = hashlib.sha256(json.dumps(self.card["preprocessing"], sort_keys=True).encode())
        for name, value in sorted(self.network.state_dict().items()):
            digest.update(name.encode() + value.detach().cpu().contiguous().numpy().tobytes())
        return digest.hexdigest()[:16]

    def embed(
        self,
        pixels: npt.NDArray[np.uint8],
        masks: npt.NDArray[np.uint8],
        *,
        batch_size: int = 64,
        precision: str = "float32",
        unit: bool = True,
    ) -> npt.NDArray[np.float32]:
        """Turn images into features, on the device that the network is on.

        Args:
            pixels: (N, H, W, 3) uint8 RGB at the model's ``resize`` size; the centre is cropped here.
            masks: (N, H, W) uint8, non-zero on the person.
            batch_size: images that pass through the network together.
            precision: ``"float32"``, or ``"bfloat16"`` (autocast) where the device multiplies it itself.
            unit: as for `maskreid.network.infer`.

        Returns:
            (N, dimension) float32 rows, of length 1 where ``unit``.

        Raises:
            MaskreidError: the images have another size than the model was trained on or are not uint8, or a batch has
                none.
        """
        if precision not in ("float32", "bfloat16"):
            raise MaskreidError(f"precision must be float32 or bfloat16, got {precision!r}")
        check_count("embed: batch_size", batch_size)
        if pixels.dtype != np.uint8:
            raise MaskreidError(f"images must be uint8 RGB from 0 to 255, got {pixels.dtype}")
        if pixels.shape[1:] != (*self.resize, 3) or masks.shape != pixels.shape[:3]:
            raise MaskreidError(
                f"this model reads images of {self.resize[0]} x {self.resize[1]} with masks of the same size, got "
                f"images {pixels.shape} and masks {masks.shape}; pack them with the model's own size"
            )
        was_training = self.network.training
        self.network.eval()
        rows = [np.empty((0, self.dimension), np.float32)]
        with torch.inference_mode(), autocast(self.device, precision):
            for start in range(0, len(pixels), batch_size):
                # A copy, since packed images are memory-mapped and torch shares no read-only memory.
                batch = np.array(pixels[start : start + batch_size])
                mask = np.array(masks[start : start + batch_size])
                on_device = (torch.from_numpy(array).to(self.device) for array in (batch, mask))
                rows.append(infer(self.network, *on_device, flip=self.flip, unit=unit).cpu().numpy())
        self.network.train(was_training)
        return np.concatenate(rows)
