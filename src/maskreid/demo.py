"""The main job in one call: a dataset in, a trained compact MaskReID, its test and a page to look at out."""

from __future__ import annotations

import shutil
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from maskreid.errors import MaskreidError
from maskreid.images import Dataset
from maskreid.network import NetworkConfig, read_card
from maskreid.progress import Progress, silent
from maskreid.reports import report_on
from maskreid.retrieval import Reranking
from maskreid.training import (
    BatchConfig,
    DataConfig,
    Evaluation,
    LossConfig,
    Recipe,
    ScheduleConfig,
    evaluate_model,
    train,
)

if TYPE_CHECKING:
    from maskreid.gallery import Gallery

SPLITS = ("train", "query", "gallery")  # that the demo looks at
# A quarter of the paper's channels at about half its input size: minutes on two cores.
DEMO_RECIPE = Recipe(
    name="demo",
    data=DataConfig(resize=(104, 44), masks="dataset", held_out=0.0),
    network=NetworkConfig(width=0.25, input_size=(96, 40)),
    loss=LossConfig(softmax=1.0, ranking=1.0, label_smoothing=0.1, dropout=0.0, relu=False),
    batch=BatchConfig(sampler="identities", identities=16, images=4),
    schedule=ScheduleConfig(iterations=600, learning_rate=0.1, policy="cosine", warm_up=50),
)


def run_demo(dataset: Dataset, out: str | Path, *, seed: int = 0, progress: Progress = silent) -> Evaluation:
    """Train on ``dataset``, test with and without re-ranking, and write everything under ``out``.

    Masks come with the dataset if it has them, else from the shipped segmenter.

    Args:
        dataset: needs training, query and gallery images.
        out: a run folder that also receives ``report.html`` and ``metrics.json``; repeat the call to continue.
        seed: of the training.
        progress: told about every stage.

    Returns:
        The test of the trained model.

    Raises:
        MaskreidError: a split is missing, or as `maskreid.training.train`.
    """
    out = Path(out)
    missing = [split for split in SPLITS if not dataset.splits.get(split)]
    if missing:
        raise MaskreidError(f"{dataset.source.name}: a demo needs train, query and gallery, found no {missing[0]}")
    recipe = replace(DEMO_RECIPE, seed=seed, data=replace(DEMO_RECIPE.data, masks=masks_for(dataset)))
    model = train(recipe, dataset, out, cache=out / "cache", progress=progress)
    evaluation = evaluate_model(model, dataset, reranking=Reranking(), cache=out / "cache", progress=progress)
    report_on(model, dataset, evaluation, out, title=f"maskreid demo on {dataset.name}")
    return evaluation


def masks_for(dataset: Dataset) -> str:
    """Return "dataset" if every image that the demo looks at has a mask there, else "fcn"."""
    return "dataset" if all(image.mask for image in dataset.images(SPLITS)) else "fcn"


def demo_gallery(dataset: Dataset, out: str | Path, *, progress: Progress = silent) -> Path | None:
    """Enrol the demo's gallery images under its model, to be searched; None where LanceDB is not installed.

    Args:
        dataset: that `run_demo` had.
        out: that `run_demo` wrote; receives ``gallery``. One of an earlier model in ``out`` is replaced.
        progress: told about every image.

    Raises:
        MaskreidError: as `earlier_gallery`, or the gallery cannot be written.
    """
    if find_spec("lancedb") is None:
        return None
    from maskreid.gallery import Gallery, enrol
    from maskreid.network import load_model

    path = Path(out) / "gallery"
    earlier, model = earlier_gallery(out), load_model(str(out))
    if earlier is None or earlier.settings.fingerprint != model.fingerprint:
        if earlier is not None:
            shutil.rmtree(path)
        Gallery.create(path, str(out), thumbnail=128)
    enrol(Gallery(path), dataset, model=model, splits=["gallery"], progress=progress)
    return path


def earlier_gallery(out: str | Path) -> Gallery | None:
    """Return the gallery that an earlier demo left in ``out``; None where there is none, or no LanceDB.

    Raises:
        MaskreidError: something else is there, which the demo must not replace.
    """
    path = Path(out) / "gallery"
    empty = path.is_dir() and not any(path.iterdir())
    if find_spec("lancedb") is None or empty or not path.exists():
        return None
    from maskreid.gallery import Gallery
    from maskreid.gallery.gallery import card_digest

    try:
        found = Gallery(path)
    except MaskreidError as error:
        raise MaskreidError(f"{path}: is not the gallery of a demo ({error}); choose another --out") from None
    moved = Path(out, "model.json").is_file() and found.settings.card == card_digest(read_card(out))
    if Path(found.settings.model).resolve() != Path(out).resolve() and not moved:
        raise MaskreidError(
            f"{path}: is a gallery of the model {found.settings.model}, not of a demo in {out}; choose another --out"
        )
    return found
