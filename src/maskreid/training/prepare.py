"""From a dataset to packed images with masks, ready for a model."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from maskreid.files import cache_folder
from maskreid.images import PackedImages, PersonImage, Source, pack_images
from maskreid.masks import mask_source
from maskreid.network import Model
from maskreid.progress import Progress, silent
from maskreid.training.recipe import DataConfig


def data_config(model: Model, masks: str | None = None) -> DataConfig:
    """Return the size and mask policy that a model was trained with; ``masks`` replaces their source."""
    return DataConfig(resize=model.resize, masks=model.masks_from(masks), min_share=model.min_share)


def prepare(
    source: Source,
    images: Sequence[PersonImage],
    config: DataConfig,
    *,
    cache: Path | None = None,
    progress: Progress = silent,
) -> PackedImages:
    """Mask, resize and pack ``images`` as ``config`` says.

    Args:
        source: where the images are.
        images: what to pack, in this order.
        config: size and mask policy.
        cache: folder of packed images, shared by every run; the default is `cache_folder`.
        progress: told about every image.
    """
    masks = mask_source(config.masks)
    what = (source.name, [image.path for image in images], config.min_share)
    digest = hashlib.sha256(repr(what).encode()).hexdigest()[:16]
    name = f"{config.resize[0]}x{config.resize[1]}-{masks.name if masks else 'none'}-{digest}"
    return pack_images(
        source,
        images,
        (cache or cache_folder()) / name,
        size=config.resize,
        masks=masks,
        min_share=config.min_share,
        progress=progress,
    )
