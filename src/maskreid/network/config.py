"""What a network is made of: the part of a model file that decides its shapes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from maskreid.errors import MaskreidError

FUSIONS = ("none", "gap", "conv1x1", "conv3x3")
NECKS = ("none", "bn")
POOLINGS = ("average", "gem")
LARGEST_SIDE = 4096  # of an input, in pixels
WIDEST_FEATURE = 65_536


@dataclass(frozen=True)
class NetworkConfig:
    """Which network of the paper's family: [network] in a recipe.

    ``streams=1, fusion="none"`` is DGD; ``streams=1`` with a fusion is MaskReID-F; ``streams=2, fusion="none"`` is
    MaskReID-M; ``streams=2`` with a fusion is MaskReID.

    ``neck="bn"`` is the BNNeck of Luo et al. (Bag of Tricks, CVPR workshops 2019). fc7 already ends in a batch
    normalisation, and a second one behind it would change nothing but the scale, so that one is the neck: metric
    losses compare what enters it, the classifier and the search read what leaves it, and its bias stays 0.

    ``bands=3`` is a pyramid of parts (Fu et al., Horizontal Pyramid Matching, AAAI 2019): a quarter of the feature
    reads the whole image, a quarter each third of its height, and each has to tell everybody apart by itself. Weights
    keep their shapes, so that a model can start from one with other bands.

    ``last_stride=1`` keeps the third level's map at the second's size (also of Luo et al.): four times the places to
    tell people apart by, at more computation and no more weights.

    ``pooling="gem"`` is the generalised mean of Radenovic et al. (PAMI 2019) with p = 3, between the average and the
    maximum: what a level sees in few places weighs more. It has no weights.
    """

    streams: int = 2  # 1: the image alone; 2: the image and the masked image
    fusion: Literal["none", "gap", "conv1x1", "conv3x3"] = "gap"  # how levels 1 and 2 join level 3 in the feature
    width: float = 1.0  # factor on every channel count but the input's and the feature's
    dimension: int = 256  # of the feature
    input_size: tuple[int, int] = (144, 56)  # (height, width) of the crop that enters
    neck: Literal["none", "bn"] = "none"  # which side of fc7's batch normalisation metric losses see: after; before
    bands: int = 0  # horizontal bands of the person with a part of the feature each, beside the whole's part
    last_stride: int = 2  # of the third level; 1 leaves it at the second's size
    pooling: Literal["average", "gem"] = "average"  # of a level's places into one number a channel

    def __post_init__(self) -> None:
        if self.streams not in (1, 2):
            raise MaskreidError(f"network.streams must be 1 or 2, got {self.streams}")
        if self.fusion not in FUSIONS:
            raise MaskreidError(f"network.fusion must be one of {', '.join(FUSIONS)}, got {self.fusion!r}")
        if self.neck not in NECKS:
            raise MaskreidError(f"network.neck must be one of {', '.join(NECKS)}, got {self.neck!r}")
        if self.pooling not in POOLINGS:
            raise MaskreidError(f"network.pooling must be one of {', '.join(POOLINGS)}, got {self.pooling!r}")
        if not 0 < self.width <= 4:
            raise MaskreidError(f"network.width must be above 0 and at most 4, got {self.width}")
        if not 1 <= self.dimension <= WIDEST_FEATURE:
            raise MaskreidError(f"network.dimension must be in [1, {WIDEST_FEATURE}], got {self.dimension}")
        if len(self.input_size) != 2 or min(self.input_size) < 32 or max(self.input_size) > LARGEST_SIDE:
            raise MaskreidError(
                "network.input_size must be at least 32 x 32 pixels and at most "
                f"{LARGEST_SIDE} x {LARGEST_SIDE}, got {self.input_size}"
            )
        if self.last_stride not in (1, 2):
            raise MaskreidError(f"network.last_stride must be 1 or 2, got {self.last_stride}")
        stride = 2 if self.fusion == "conv3x3" else self.last_stride  # that fusion halves the second level's map
        rows = -(-self.input_size[0] // (8 * stride))  # of the smallest map
        if self.bands == 1 or not 0 <= self.bands <= rows:
            raise MaskreidError(f"network.bands must be 0, or 2 to {rows} at this input_size, got {self.bands}")
        if self.dimension % self.parts:
            raise MaskreidError(
                f"network.dimension must be a multiple of {self.parts}, the whole and {self.bands} bands, got "
                f"{self.dimension}"
            )

    @property
    def parts(self) -> int:
        """Equal parts of the feature: the whole person's first, then each band's from above."""
        return 1 + self.bands

    def channels(self, paper: int) -> int:
        """Scale one of the paper's channel counts by ``width``, to a multiple of 8 and at least 8."""
        return max(8, round(paper * self.width / 8) * 8)
