"""Are people found whose images are larger or smaller than those that were learned from?

    python benchmarks/image_sizes.py market1501-compact --data Market-1501-v15.09.15.zip \\
        --labels market1501-train-parsing.zip --without 115 616

Held-out images of 128 x 64 pixels are resized to other heights. Masks: intersection over union with the labelled
ones, of people whom the segmenter did not learn. Search: people whom the model did not learn among all training
images, as in ``maskreid compare --held-out``; queries have another height, the gallery keeps its own. Each once with
the segmenter looking at the image as it is, and once as `maskreid.masks.segment` shows it, 128 to 160 pixels high.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from maskreid import progress
from maskreid.cli.common import open_data
from maskreid.cli.memory import keep_freed_memory
from maskreid.images import PersonImage, Source, open_source, read_image, read_mask, shape_images, split_identities
from maskreid.masks import GivenMasks, at_rows, load_segmenter, segment
from maskreid.masks.labelled import HELD_OUT
from maskreid.network import Model, load_model
from maskreid.retrieval import Features, evaluate
from maskreid.training import held_out_features, held_out_test

HEIGHTS = (64, 96, 128, 160, 192, 256, 384, 512)
IMAGES = 200  # with a label map

Pictures = Sequence[np.ndarray]


def main() -> None:
    """Print a line for each height."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--data", required=True)
    parser.add_argument("--labels", required=True, help="label maps by the images' names, 0 = background")
    parser.add_argument("--without", type=int, nargs="*", default=())
    arguments = parser.parse_args()
    keep_freed_memory()  # as the maskreid command does
    model, dataset, labels = load_model(arguments.model), open_data(arguments.data), open_source(arguments.labels)
    maps = {Path(member).stem: member for member in labels.members()}
    mapped = [image for image in dataset.splits["train"] if Path(image.path).stem in maps]
    _, unlearned = split_identities(mapped, HELD_OUT, 0)
    drawn = [unlearned[row] for row in np.random.default_rng(0).permutation(len(unlearned))[:IMAGES]]
    crops = [read_image(dataset.source, image.path) for image in drawn]
    truth = [read_mask(labels, maps[Path(image.path).stem]) for image in drawn]

    test = held_out_test([model], dataset, without=set(arguments.without))
    query = test.splits["query"]
    asked = [read_image(dataset.source, image.path) for image in query]
    _, gallery = held_out_features(model, test, precision="bfloat16", progress=progress.terminal)
    print(f"{len(crops)} labelled images; {len(query)} queries, {len(gallery):,} gallery images, {arguments.model}\n")
    columns = "IoU | Rank-1 | mAP | ms an image |"
    print(f"| height | as it is: {columns} shown larger or smaller: {columns}")
    print("|---:|" + "---:|" * 8)
    for height in HEIGHTS:
        cells = []
        for way in (as_it_is, partial(segment, load_segmenter())):
            agreement, seconds = quality(way, crops, truth, height)
            larger = [resized(each, height) for each in asked]
            scores = evaluate(embed(model, dataset.source, query, larger, way(larger)), gallery)
            cells += [f"{agreement:.3f}", f"{100 * scores.rank(1):.1f}", f"{100 * scores.map:.1f}"]
            cells.append(f"{1000 * seconds / len(crops):.1f}")
        print(f"| {height} | " + " | ".join(cells) + " |", flush=True)


def as_it_is(pixels: Pictures) -> list[np.ndarray]:
    """Segment images of one size at that size."""
    segmenter = load_segmenter()

    def person(batch: np.ndarray) -> np.ndarray:
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
            return np.asarray((segmenter(torch.from_numpy(batch).permute(0, 3, 1, 2).float()) > 0).numpy())

    return at_rows(person, pixels, pixels[0].shape[0])


def quality(way: object, crops: Pictures, truth: Pictures, height: int) -> tuple[float, float]:
    """Return the mean IoU with the labelled masks at another height, and the seconds that it took."""
    shown = [resized(each, height) for each in crops]
    wanted = [resized(each.astype(np.uint8), height, Image.Resampling.NEAREST) > 0 for each in truth]
    began = time.perf_counter()
    masks = way(shown)  # type: ignore[operator]
    seconds = time.perf_counter() - began
    shares = [(one & two).sum() / max((one | two).sum(), 1) for one, two in zip(masks, wanted, strict=True)]
    return float(np.mean(shares)), seconds


def embed(
    model: Model, source: Source, images: Sequence[PersonImage], pixels: Pictures, masks: list[np.ndarray]
) -> Features:
    """Return the features of images with these masks."""
    shaped = shape_images(
        source, images, pixels, size=model.resize, masks=GivenMasks(masks), min_share=model.min_share
    )
    identities, cameras = ([getattr(image, name) for image in images] for name in ("identity", "camera"))
    return Features(model.embed(shaped.pixels, shaped.masks), np.array(identities), np.array(cameras))


def resized(array: np.ndarray, height: int, how: Image.Resampling = Image.Resampling.BICUBIC) -> np.ndarray:
    """Return an image at another height, of its own shape."""
    return np.asarray(Image.fromarray(array).resize((array.shape[1] * height // array.shape[0], height), how))


if __name__ == "__main__":
    main()
