"""From packed images to what the network reads: batch t, cropped, mirrored, spoiled and normalised on the device."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from maskreid.errors import MaskreidError
from maskreid.images import PackedImages
from maskreid.network import BACKGROUND_RGB, MEAN_BGR, prepare_input
from maskreid.threads import in_threads
from maskreid.training.augment import (
    ERASED,
    Integers,
    Tables,
    crop_and_flip,
    draw_holes,
    draw_tones,
    draw_windows,
    erase,
    retone,
    zoom,
)
from maskreid.training.batches import make_sampler
from maskreid.training.ranks import part_of
from maskreid.training.recipe import Recipe
from maskreid.training.stopwatch import Stopwatch
from maskreid.training.worse_masks import draw_spoiling, worsen_masks

CHUNK = 1024  # images copied into memory together
SHARE = 0.5  # of a GPU's free memory that images may take; more of them stay in the computer's memory


@dataclass(frozen=True)
class Batch:
    """One batch, or one process's part of it.

    Attributes:
        image: (n, 3, h, w) float32 in channels-last memory, on the device.
        masked: the same without the background.
        chosen: (N,) int64 places of the whole batch among the packed images.
        targets: (N,) int64 of the whole batch, identities numbered from 0, on the device.
        part: which of the N images are these n.
        dropout_seed: of the whole batch.
        pairs_seed: likewise, for losses that draw pairs.
    """

    image: Tensor
    masked: Tensor
    chosen: Integers
    targets: Tensor
    part: slice
    dropout_seed: int
    pairs_seed: int


class Feeder:
    """Packed images in memory, four bytes a pixel: red, green, blue, mask.

    One number a pixel means that a crop moves image and mask together. Batch t depends on the recipe's seed and t
    alone: neither on what was drawn before nor on how many processes share it.

    Attributes:
        store: (M, H, W) int32, on the device or, if it takes more than half of that, in the computer's memory.
        identities: how many people there are.
        kernels: whether compiled loops make the batches, as on a CPU, or tensor operations; both make the same.
        watch: times what travels to the device while it is on.
    """

    def __init__(self, packed: PackedImages, recipe: Recipe, device: str, *, rank: int = 0, ranks: int = 1) -> None:
        """Load all images; ``rank`` is which of ``ranks`` processes this is.

        Raises:
            MaskreidError: the training set is too small for the recipe's batch, or that for so many processes.
        """
        self.recipe, self.rank, self.ranks = recipe, rank, ranks
        self.device = torch.empty(0, device=device).device  # "cuda" is one of several
        self.watch = Stopwatch(self.device)
        self.kernels = self.device.type == "cpu"
        names, self._targets = np.unique(packed.identities, return_inverse=True)
        self.identities = len(names)
        self._sampler = make_sampler(recipe.batch, packed.identities, recipe.seed)
        size = len(self._sampler(0))
        if size < ranks:
            raise MaskreidError(f"a batch has {size} images for {ranks} processes; start fewer, or make it larger")
        home = self.device if _fits(packed, self.device) else torch.device("cpu")
        store = torch.empty((*packed.masks.shape, 4), dtype=torch.uint8, device=home)
        for start in range(0, len(packed), CHUNK):
            rows = slice(start, start + CHUNK)
            store[rows, ..., :3] = torch.from_numpy(np.array(packed.pixels[rows])).to(home)
            store[rows, ..., 3] = torch.from_numpy(np.array(packed.masks[rows])).to(home)
        self.store = store.view(torch.int32).squeeze(-1)

    def __call__(self, iteration: int) -> Batch:
        """Make this process's part of batch ``iteration`` (from 0)."""
        recipe, size = self.recipe, self.recipe.network.input_size
        rng = np.random.default_rng((recipe.seed, 5, iteration))
        dropout_seed, pairs_seed = int(rng.integers(2**62)), int(rng.integers(2**62))
        chosen = self._sampler(iteration)
        count = len(chosen)
        height, width = self.store.shape[1:]
        windows = draw_windows(count, (height, width), size, rng, flip=recipe.data.flip)
        holes = draw_holes(count, size, recipe.data.erase, rng)
        spoiling = draw_spoiling(count, size[0], recipe.data.worse_masks, rng)
        tones = draw_tones(count if recipe.data.colour else 0, recipe.data.colour, rng)
        if recipe.data.zoom:
            windows = zoom(windows, (height, width), recipe.data.zoom, rng)
        # What was drawn travels to a GPU in one piece.
        sides = (windows.tops, windows.lefts, windows.heights, windows.widths)
        plan = np.column_stack([chosen, *sides, windows.mirrored, holes])
        part = part_of(count, self.rank, self.ranks)
        make = self._with_kernels if self.kernels else self._with_tensors
        image, masked = make(plan[part], tones[part], spoiling[part], size)
        targets = self._send(torch.from_numpy(self._targets[chosen]))
        return Batch(image, masked, chosen, targets, part, dropout_seed, pairs_seed)

    def _with_tensors(
        self, plan: Integers, tones: Tables, spoiling: Integers, size: tuple[int, int]
    ) -> tuple[Tensor, Tensor]:
        drawn = self._send(torch.from_numpy(plan))
        images = self.store
        if images.device != self.device:
            images = self._send(images[plan[:, 0]])
            drawn[:, 0] = torch.arange(len(drawn), device=self.device)
        pixels = crop_and_flip(images, drawn[:, :6], size)
        if len(tones):
            retone(pixels, self._send(torch.from_numpy(tones)))
        if self.recipe.data.erase:
            pixels = erase(pixels, drawn[:, 6:])
        channels = pixels.view(torch.uint8).view(*pixels.shape, 4)
        self._spoil(channels[..., 3], spoiling)
        return prepare_input(channels[..., :3], channels[..., 3])

    def _with_kernels(
        self, plan: Integers, tones: Tables, spoiling: Integers, size: tuple[int, int]
    ) -> tuple[Tensor, Tensor]:
        from maskreid.training.batch_kernels import cut, normalise

        images, erased = self.store.numpy(), ERASED.numpy()[0]
        mean = np.array(MEAN_BGR, np.float32)
        background = np.array(BACKGROUND_RGB[::-1], np.float32) - mean
        made = torch.empty((2, len(plan), *size, 3))
        image, masked = made.numpy()

        def some(start: int, stop: int) -> None:
            pixels = np.empty((stop - start, *size), np.int32)
            cut(images, plan[start:stop], tones[start:stop], erased, pixels)
            channels = pixels.view(np.uint8).reshape(*pixels.shape, 4)
            self._spoil(torch.from_numpy(channels)[..., 3], spoiling[start:stop])
            normalise(
                channels.reshape(-1, 4),
                mean,
                background,
                image[start:stop].reshape(-1, 3),
                masked[start:stop].reshape(-1, 3),
            )

        in_threads(some, len(plan))
        first, second = made.permute(0, 1, 4, 2, 3)
        return first, second

    def _spoil(self, masks: Tensor, spoiling: Integers) -> None:
        spoiled = np.flatnonzero(spoiling.any(1))
        if len(spoiled):
            rows = self._send(torch.from_numpy(spoiled))
            masks[rows] = worsen_masks(masks[rows], self._send(torch.from_numpy(spoiling[spoiled])))

    def _send(self, array: Tensor) -> Tensor:
        if array.device == self.device:
            return array
        with self.watch.stage("transfer"):
            pinned = array.pin_memory() if self.device.type == "cuda" else array
            return pinned.to(self.device, non_blocking=True)


def _fits(packed: PackedImages, device: torch.device) -> bool:
    if device.type != "cuda":
        return True
    free, _ = torch.cuda.mem_get_info(device)
    return 4 * packed.masks.size <= SHARE * free
