"""Train the person segmenter on labelled crops, and measure it on people it never saw."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from maskreid.errors import MaskreidError
from maskreid.masks.segmenter import PersonSegmenter
from maskreid.network import autocast, placed
from maskreid.progress import Progress, silent


@dataclass(frozen=True)
class SegmenterSchedule:
    """How long and how fast to train: AdamW, one cycle of warm-up and cosine decay."""

    epochs: int = 30
    batch: int = 64
    learning_rate: float = 4e-3
    weight_decay: float = 1e-2
    seed: int = 0


@dataclass(frozen=True)
class MaskQuality:
    """Agreement of predicted with labelled masks, person = foreground.

    ``mean_iou`` is the usual segmentation score: intersection over union of the whole set, averaged over the two
    classes person and background. ``person_iou`` is its person half; ``image_iou`` averages the person's
    intersection over union image by image, so that a lost person counts as much as a large one.
    """

    images: int
    mean_iou: float
    person_iou: float
    background_iou: float
    image_iou: float
    worst_tenth_image_iou: float

    def as_dict(self) -> dict[str, float]:
        """Return the figures by name, fractions rounded to four digits."""
        return {name: round(value, 4) for name, value in asdict(self).items()}


def mask_quality(
    predicted: Sequence[npt.NDArray[np.bool_]], labelled: Sequence[npt.NDArray[np.bool_]]
) -> MaskQuality:
    """Compare masks pairwise; each pair has one (H, W) shape. An image without a labelled person is left out.

    Raises:
        MaskreidError: no image has a labelled person.
    """
    both: list[tuple[int, int, int]] = []  # intersection, union, background intersection
    total = 0
    for guess, truth in zip(predicted, labelled, strict=True):
        if not truth.any():
            continue
        total += truth.size
        both.append((int((guess & truth).sum()), int((guess | truth).sum()), int((~guess & ~truth).sum())))
    if not both:
        raise MaskreidError(
            f"none of the {len(labelled)} labelled masks to compare with shows a person; give some that do"
        )
    counts = np.array(both, dtype=np.float64)
    intersection, union, background = counts.sum(0)
    background_union = total - intersection
    per_image = np.sort(counts[:, 0] / counts[:, 1])
    person = float(intersection / union)
    rest = float(background / background_union) if background_union else 1.0  # all is person, and found to be
    return MaskQuality(
        images=len(both),
        mean_iou=(person + rest) / 2,
        person_iou=person,
        background_iou=rest,
        image_iou=float(per_image.mean()),
        worst_tenth_image_iou=float(per_image[: max(1, len(both) // 10)].mean()),
    )


def train_segmenter(
    pixels: npt.NDArray[np.uint8],
    masks: npt.NDArray[np.bool_],
    schedule: SegmenterSchedule | None = None,
    progress: Progress = silent,
) -> PersonSegmenter:
    """Fit a segmenter to labelled crops of one size.

    Args:
        pixels: (N, H, W, 3) uint8 RGB.
        masks: (N, H, W) bool, true on the person.
        schedule: lengths and rates; the default is the shipped segmenter's.
        progress: told about every step.

    Returns:
        The trained network in evaluation mode.
    """
    schedule = schedule or SegmenterSchedule()
    torch.manual_seed(schedule.seed)
    generator = torch.Generator().manual_seed(schedule.seed)
    network = placed(PersonSegmenter())
    network.rows.fill_(pixels.shape[1])
    steps = max(1, len(pixels) // schedule.batch) * schedule.epochs
    optimizer = torch.optim.AdamW(network.parameters(), lr=schedule.learning_rate, weight_decay=schedule.weight_decay)
    warm_up = max(1, steps // 20)
    scheduler = torch.optim.lr_scheduler.LambdaLR(
        optimizer,
        lambda step: min(1.0, (step + 1) / warm_up) * (0.5 + 0.5 * math.cos(math.pi * min(1.0, step / steps))),
    )
    order = torch.empty(0, dtype=torch.long)
    network.train()
    for _ in progress(range(steps), total=steps, what="training the segmenter", unit="step"):
        if len(order) < schedule.batch:
            order = torch.cat((order, torch.randperm(len(pixels), generator=generator)))
        chosen, order = order[: schedule.batch], order[schedule.batch :]
        image = torch.from_numpy(pixels[chosen.numpy()]).permute(0, 3, 1, 2).float()
        target = torch.from_numpy(masks[chosen.numpy()]).float()[:, None]
        image, target = _augment(image, target, generator)
        with autocast("cpu"):
            logits = network(image.contiguous(memory_format=torch.channels_last))
        loss = _segmentation_loss(logits.float(), target[:, 0])
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        scheduler.step()
    return network.eval()


def _segmentation_loss(logits: Tensor, target: Tensor) -> Tensor:
    """Cross-entropy for every pixel plus one minus the soft IoU, which weighs a small person like a large one."""
    probability = logits.sigmoid()
    overlap = (probability * target).sum((1, 2))
    union = (probability + target - probability * target).sum((1, 2))
    cross_entropy = F.binary_cross_entropy_with_logits(logits, target)
    return cross_entropy + (1 - (overlap + 1) / (union + 1)).mean()


def _augment(image: Tensor, target: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Make one camera's crops look like other cameras': framing, light, colour cast, sharpness."""

    def uniform(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(len(image), generator=generator)

    transform = torch.zeros(len(image), 2, 3)
    flip = torch.where(uniform(0, 1) < 0.5, -1.0, 1.0)
    zoom = torch.exp(uniform(-0.35, 0.25))
    transform[:, 0, 0] = zoom * torch.exp(uniform(-0.15, 0.15)) * flip
    transform[:, 1, 1] = zoom
    transform[:, 0, 1], transform[:, 1, 0] = uniform(-0.1, 0.1), uniform(-0.05, 0.05)
    transform[:, 0, 2], transform[:, 1, 2] = uniform(-0.25, 0.25), uniform(-0.2, 0.2)
    grid = F.affine_grid(transform, list(image.shape), align_corners=False)
    image = F.grid_sample(image, grid, padding_mode="reflection", align_corners=False)
    target = F.grid_sample(target, grid, mode="nearest", padding_mode="reflection", align_corners=False)

    blurred = F.interpolate(F.avg_pool2d(image, 2), image.shape[2:], mode="bilinear", align_corners=False)
    sharp = torch.where(uniform(0, 1) < 0.3, uniform(0, 1), torch.ones(len(image))).view(-1, 1, 1, 1)
    image = blurred + sharp * (image - blurred)
    mean = image.mean((1, 2, 3), keepdim=True)
    image = (image - mean) * torch.exp(uniform(-0.4, 0.4)).view(-1, 1, 1, 1) + mean
    gain = torch.exp(0.25 * torch.randn(len(image), 1, 1, 1, generator=generator))
    cast = torch.exp(0.1 * torch.randn(len(image), 3, 1, 1, generator=generator))
    return (image * gain * cast).clamp(0, 255), (target > 0.5).float()
