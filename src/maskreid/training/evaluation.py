"""A model on a dataset's own test: features of every split it needs, then the protocol's numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from maskreid.errors import MaskreidError
from maskreid.images import Dataset, PackedImages, PersonImage
from maskreid.masks.named import refuse_shared
from maskreid.network import Model
from maskreid.progress import Progress, silent
from maskreid.retrieval import Features, Judgement, Metrics, NamedProtocol, Reranking, judge
from maskreid.retrieval.judge import check_asked
from maskreid.retrieval.named_protocols import SINGLE_QUERY
from maskreid.training.extract import extract_features
from maskreid.training.learned import refuse_other_split
from maskreid.training.prepare import data_config, prepare


@dataclass(frozen=True)
class Evaluation:
    """What `evaluate_model` measured, and what it measured it on.

    Attributes:
        judgement: the numbers, and who searched whom.
        features: of each split that was embedded: "query", "gallery", perhaps "multi_query".
        packed_query: the images that searched and their masks, as the model saw them.
        packed_gallery: the gallery's.
    """

    judgement: Judgement
    features: Mapping[str, Features]
    packed_query: PackedImages
    packed_gallery: PackedImages

    @property
    def metrics(self) -> Mapping[str, Metrics]:
        """By name: "single query", "multiple query", and each again with ", re-ranked"."""
        return self.judgement.metrics


def evaluate_model(
    model: Model,
    dataset: Dataset,
    *,
    protocol: NamedProtocol = SINGLE_QUERY,
    multi_query: bool = False,
    reranking: Reranking | None = None,
    masks: str | None = None,
    cache: Path | None = None,
    precision: str = "float32",
    progress: Progress = silent,
) -> Evaluation:
    """Embed a dataset's query and gallery and evaluate under a protocol.

    Args:
        model: its card says how to resize and mask.
        dataset: needs the splits "query" and "gallery", and "multi_query" where queries are pooled. Where every
            image searches, a dataset without them gives its "train" images: a folder per person will do.
        protocol: one of `maskreid.retrieval.NAMED_PROTOCOLS`.
        multi_query: also pool each query with all boxes of the same identity and camera.
        reranking: also re-rank, like this.
        masks: where masks come from, if not from where the model's card says.
        cache: where packed images are kept.
        precision: of the network, "float32", or "bfloat16" where the device multiplies it itself.
        progress: told about every stage.

    Raises:
        MaskreidError: a split is missing, the model learned from another random split of this dataset, or the
            arguments do not go together.
    """
    check_asked(protocol, multi_query=multi_query, reranking=reranking)
    refuse_other_split(model.card["training"], dataset)
    images = _images(dataset, protocol, multi_query)
    config = data_config(model, masks)
    refuse_shared(config.masks, (image for wanted in images.values() for image in wanted))
    packed = {
        split: prepare(dataset.source, wanted, config, cache=cache, progress=progress)
        for split, wanted in images.items()
    }
    features = {
        split: extract_features(model, images, precision=precision, progress=progress)
        for split, images in packed.items()
    }
    if "gallery" not in images:  # everyone searches everyone
        packed["gallery"], features["gallery"] = packed["query"], features["query"]
    judgement = judge(
        features["query"],
        features["gallery"],
        features.get("multi_query"),
        protocol=protocol,
        multi_query=multi_query,
        reranking=reranking,
        device=product_device(model),
        progress=progress,
    )
    return Evaluation(judgement, features, packed["query"], packed["gallery"])


def _images(dataset: Dataset, protocol: NamedProtocol, multi_query: bool) -> dict[str, Sequence[PersonImage]]:
    """What to embed, by split; for a protocol in which everyone searches, all of it as "query"."""
    everyone = protocol.searches == "everyone"
    pooled = multi_query or protocol.searches == "pooled queries"
    needed = ["query", "gallery"] + (["multi_query"] if pooled else [])
    found: dict[str, Sequence[PersonImage]] = {split: dataset.splits.get(split, ()) for split in needed}
    if everyone:
        anyone = [*found["query"], *found["gallery"]] or dataset.splits.get("train", ())
        found = {"query": tuple({image.path: image for image in anyone}.values())}
    missing = [split for split, images in found.items() if not images]
    if missing:
        raise MaskreidError(
            f"{dataset.source.name}: evaluation needs {' and '.join(needed)}, found no {' and no '.join(missing)}; "
            f"it was read as {dataset.name} with {', '.join(dataset.splits)}"
        )
    return found


def product_device(model: Model) -> str | None:
    """Return where similarities of a model's features are computed: where it is, or None for NumPy on a CPU."""
    return None if model.device.type == "cpu" else str(model.device)
