"""Are these masks fit to train on? Coverage, empties, sizes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from maskreid.errors import MaskreidError
from maskreid.images import MaskSource, PersonImage, Source, read_image
from maskreid.images.shaped import MIN_SHARE
from maskreid.progress import Progress, silent

BINS = 10


@dataclass(frozen=True)
class MaskReport:
    """What `check_masks` found.

    Attributes:
        images: how many images were looked at.
        coverage: how many masks cover 0-10 %, 10-20 % ... 90-100 % of their image.
        mean_coverage: of the masks that could be read and fit, as a fraction.
        small: paths whose mask covers less than ``min_share``: training and search use the whole image for them.
        mismatched: paths whose mask has another size than the image, with both sizes (height x width).
        missing: paths whose mask is missing or unreadable, with the reason.
        min_share: the share that ``small`` is about.
    """

    images: int
    coverage: tuple[int, ...]
    mean_coverage: float
    small: tuple[str, ...]
    mismatched: tuple[str, ...]
    missing: tuple[str, ...]
    min_share: float

    @property
    def ok(self) -> bool:
        """Whether every image has a mask of its own size."""
        return not self.mismatched and not self.missing

    def __str__(self) -> str:
        widest = max(*self.coverage, 1)
        lines = [f"{self.images} images, mean coverage {100 * self.mean_coverage:.1f} %", "coverage    masks"]
        for i, count in enumerate(self.coverage):
            bar = "#" * round(40 * count / widest)
            lines.append(f"{100 * i // BINS:3d}-{100 * (i + 1) // BINS:3d} %  {count:6d}  {bar}".rstrip())
        for what, paths in (
            (f"mask covers less than {100 * self.min_share:g} % (the whole image is used)", self.small),
            ("error: mask of another size than its image", self.mismatched),
            ("error: mask missing or unreadable", self.missing),
        ):
            if paths:
                lines.append(f"{what}: {len(paths)}")
                lines += [f"  {path}" for path in paths[:5]] + (["  ..."] if len(paths) > 5 else [])
        return "\n".join(lines)


def check_masks(
    source: Source,
    images: Sequence[PersonImage],
    masks: MaskSource,
    *,
    min_share: float = MIN_SHARE,
    progress: Progress = silent,
) -> MaskReport:
    """Read or make every mask once and say what training would meet."""
    shares: list[float] = []
    small, mismatched, missing = [], [], []
    for image in progress(images, total=len(images), what="checking masks", unit="image"):
        pixels = read_image(source, image.path)
        try:
            mask = masks(source, [image], [pixels])[0]
        except MaskreidError as error:
            missing.append(f"{image.path}: {error}")
            continue
        if mask.shape != pixels.shape[:2]:
            sizes = [f"{shape[0]}x{shape[1]}" for shape in (mask.shape, pixels.shape)]
            mismatched.append(f"{image.path}: mask {sizes[0]}, image {sizes[1]}")
            continue
        shares.append(float(mask.mean()))
        if shares[-1] < min_share:
            small.append(image.path)
    counts, _ = np.histogram(shares, bins=BINS, range=(0, 1))
    return MaskReport(
        images=len(images),
        coverage=tuple(int(count) for count in counts),
        mean_coverage=float(np.mean(shares)) if shares else 0.0,
        small=tuple(small),
        mismatched=tuple(mismatched),
        missing=tuple(missing),
        min_share=min_share,
    )
