"""What other networks think of how alike two images are, as something to learn."""

from __future__ import annotations

from torch import Tensor

from maskreid.errors import MaskreidError
from maskreid.losses.similarity import cosine_similarities


def distillation_loss(features: Tensor, taught: Tensor) -> Tensor:
    """Mean squared difference between the cosine similarities of a batch and those of a teacher.

    For all i other than j: the mean of (cos(f_i, f_j) - cos(t_i, t_j))^2. Features may have another length than the
    teacher's, and only angles between images are learned, not the feature space: similarity-preserving distillation
    (Tung and Mori 2019), on cosines. Several teachers, each with unit features, speak as one whose feature is theirs
    one behind the other: its cosine is the mean of theirs.

    Args:
        features: (N, D), normalised here; N of 1 has no pair, and a loss of 0.
        taught: (N, E) of the same images, normalised here; no gradient flows to it.

    Raises:
        MaskreidError: these are not features of as many images.
    """
    if features.ndim != 2 or taught.ndim != 2 or len(features) != len(taught):
        raise MaskreidError(
            "loss: expected features (N, D) and the teacher's (N, E) of the same images, got "
            f"{tuple(features.shape)} and {tuple(taught.shape)}"
        )
    differences = cosine_similarities(features) - cosine_similarities(taught.detach())
    differences = differences - differences.diagonal().diag()  # no image is learned to be like itself
    count = len(features)
    return differences.square().sum() / max(1, count * (count - 1))
