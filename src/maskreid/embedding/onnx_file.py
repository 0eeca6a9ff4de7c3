"""A model as one ONNX file that needs nothing of maskreid, written only if it gives the same features."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from maskreid import __version__
from maskreid.embedding.backends import on_torch
from maskreid.embedding.graphs import MaskGraph
from maskreid.embedding.onnx_graph import needed, onnx_program, onnx_session
from maskreid.embedding.whole_graph import WholeGraph
from maskreid.errors import MaskreidError
from maskreid.files import write_out
from maskreid.images import Dataset, PersonImage, read_image, shape_images
from maskreid.masks import GivenMasks, at_rows, load_segmenter
from maskreid.masks.named import segmenter_of
from maskreid.network import Model
from maskreid.progress import Progress, silent

LEAST_COSINE = 0.9999  # of a feature and PyTorch's from the same mask
# Share of the pixels in which the masks agree. Rounding moves one where neither is sure: few, and more where images
# are resized for the segmenter, in which a level may differ by one.
LEAST_AGREEMENT = 0.999
BATCHES = (1, 64)


@dataclass(frozen=True)
class Parity:
    """How near an exported model came to PyTorch.

    Attributes:
        images: how many were compared, in batches of 1 and of 64 each.
        same_mask: lowest cosine of two features from the same mask.
        agreement: share of the masks' pixels that agree.
        end_to_end: mean cosine of two features, each from its own mask.
        worst: the lowest of these.
    """

    images: int
    same_mask: float
    agreement: float
    end_to_end: float
    worst: float

    def __str__(self) -> str:
        return (
            f"{self.images:,} images in batches of {' and '.join(map(str, BATCHES))}: from the same mask, cosine to "
            f"PyTorch at least {self.same_mask:.7f}; masks agree in {100 * self.agreement:.3f} % of the pixels; "
            f"from its own mask, cosine {self.end_to_end:.6f} on average, {self.worst:.6f} at worst"
        )


def export_onnx(
    model: Model, out: str | Path, check: Dataset, *, count: int = 128, progress: Progress = silent
) -> Parity:
    """Write a model with its preprocessing and its segmenter to one ONNX file; see `WholeGraph` for what it reads.

    Args:
        model: from `maskreid.network.load_model`, on the CPU.
        out: the file; what was there stays if anything fails.
        check: images on which ONNX Runtime must agree with PyTorch.
        count: how many of them, drawn at random.
        progress: told about every image of the check.

    Raises:
        MaskreidError: a package is missing, the file cannot be written, or the exported model gives other features.
    """
    onnx = needed("onnx")
    proto = onnx_program(WholeGraph(model)).model_proto
    _describe(onnx, proto, model)
    content: bytes = proto.SerializeToString()
    images = check.images()
    order = np.random.default_rng(0).permutation(len(images))[:count]
    parity = compare(content, model, check, [images[row] for row in np.sort(order)], progress=progress)
    if not (parity.same_mask >= LEAST_COSINE and parity.agreement >= LEAST_AGREEMENT):
        raise MaskreidError(
            f"{out}: not written, the exported model differs from PyTorch's (needed: cosine {LEAST_COSINE}, masks "
            f"{100 * LEAST_AGREEMENT:g} %): {parity}; report this and the versions of torch and onnxscript"
        )
    write_out(Path(out), content)
    return parity


def compare(
    content: bytes, model: Model, dataset: Dataset, images: Sequence[PersonImage], *, progress: Progress = silent
) -> Parity:
    """Run an exported model on some images beside `Model.embed`, to which `shape_images` gives what it reads.

    All in float32, the segmenter too, which `FcnMasks` runs in bfloat16 where it can.
    """
    session = onnx_session(content)
    segmenter = segmenter_of(model.masks_from()) or load_segmenter()  # any masks do where they are given
    segment = on_torch(MaskGraph(segmenter), "float32", torch.device("cpu"))
    groups = _of_one_size(dataset, images)
    parts = [
        (some[start : start + size], native[start : start + size])
        for some, native in groups
        for size in BATCHES
        for start in range(0, len(some), size)
    ]
    same_mask, end_to_end, agreements = [], [], []
    for some, native in progress(parts, total=len(parts), what="comparing with PyTorch", unit="batch"):
        masks = at_rows(segment, native, int(segmenter.rows))
        vectors, found = _run(session, np.stack(native), np.stack(masks))[:2]
        same_mask.append((vectors * _embed(model, dataset, some, native, list(found))).sum(1))
        end_to_end.append((vectors * _embed(model, dataset, some, native, masks)).sum(1))
        agreements.append((found == np.stack(masks)).mean((1, 2)))
    cosines = np.concatenate(end_to_end)
    return Parity(
        len(images),
        float(np.concatenate(same_mask).min()),
        float(np.concatenate(agreements).mean()) if model.masks_from() != "none" else 1.0,
        float(cosines.mean()),
        float(cosines.min()),
    )


def _embed(
    model: Model,
    dataset: Dataset,
    images: Sequence[PersonImage],
    native: Sequence[npt.NDArray[np.uint8]],
    masks: list[npt.NDArray[np.bool_]],
) -> npt.NDArray[np.float32]:
    """Return the features that evaluation makes of images with these masks; without, where the model reads none."""
    given = None if model.masks_from() == "none" else GivenMasks(masks)
    shaped = shape_images(dataset.source, images, native, size=model.resize, masks=given, min_share=model.min_share)
    return model.embed(shaped.pixels, shaped.masks)


def _of_one_size(
    dataset: Dataset, images: Sequence[PersonImage]
) -> list[tuple[list[PersonImage], list[npt.NDArray[np.uint8]]]]:
    """Return images of one size together, and two of them once more at another size: it is free."""
    sizes: dict[tuple[int, ...], tuple[list[PersonImage], list[npt.NDArray[np.uint8]]]] = {}
    for image in images:
        picture = read_image(dataset.source, image.path)
        some, native = sizes.setdefault(picture.shape, ([], []))
        some.append(image)
        native.append(picture)
    some, native = next(iter(sizes.values()))
    height, width = native[0].shape[:2]
    top, right = 3 if height > 3 else 0, width - 5 if width > 5 else width
    smaller = [np.ascontiguousarray(picture[top:, :right]) for picture in native[:2]]
    return [*sizes.values(), (some[:2], smaller)]


def _run(session: Any, pixels: npt.NDArray[np.uint8], masks: npt.NDArray[np.bool_]) -> list[npt.NDArray[Any]]:
    given = {"pixels": pixels, "person": masks.astype(np.uint8)}
    found: list[npt.NDArray[Any]] = session.run(None, {each.name: given[each.name] for each in session.get_inputs()})
    return found


def _describe(onnx: Any, proto: Any, model: Model) -> None:
    """Write the card into the file, and plain names for the masks' sides."""
    onnx.helper.set_model_props(
        proto,
        {
            "maskreid_version": __version__,
            "maskreid_fingerprint": model.fingerprint,
            "maskreid_card": json.dumps(model.card),
            "maskreid_input": "pixels: uint8 RGB (batch, height, width, 3), one size in a batch, not resized; "
            "person, where it is an input: uint8 (batch, height, width), not 0 on the person",
            "maskreid_output": "features: float32 unit rows; masks: the person, at the images' own size; coverage",
        },
    )
    for output in proto.graph.output:
        if output.name == "masks":
            for dimension, name in zip(output.type.tensor_type.shape.dim, ("batch", "height", "width"), strict=True):
                dimension.dim_param = name
