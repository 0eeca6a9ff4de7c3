"""A model on a dataset's own test: features of every split it needs, then the protocol's numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from maskreid.errors import MaskreidError
from maskreid.images import Dataset, PackedImages
from maskreid.network import Model
from maskreid.progress import Progress, silent
from maskreid.retrieval import Features, Metrics, RerankedDistances, evaluate, pool_queries, rerank
from maskreid.training.extract import extract_features
from maskreid.training.prepare import prepare
from maskreid.training.recipe import DataConfig

SINGLE, MULTIPLE = "single query", "multiple query"


def reranked_name(evaluation: str) -> str:
    """What an evaluation is called after k-reciprocal re-ranking."""
    return f"{evaluation}, re-ranked"


@dataclass(frozen=True)
class Evaluation:
    """What `evaluate_model` measured, and what it measured it on.

    Attributes:
        metrics: by name: "single query", "multiple query", and each again with ", re-ranked".
        query: features of the queries.
        gallery: features of the gallery, junk and distractors included.
        reranked: re-ranked distances of the single queries, if asked for.
        packed_query: the query images and masks as the model saw them.
        packed_gallery: the gallery's.
    """

    metrics: Mapping[str, Metrics]
    query: Features
    gallery: Features
    reranked: RerankedDistances | None
    packed_query: PackedImages
    packed_gallery: PackedImages

    def as_dict(self) -> dict[str, dict[str, object]]:
        """Return every evaluation's numbers, as ``metrics.json`` holds them."""
        return {name: metrics.as_dict() for name, metrics in self.metrics.items()}


def evaluate_model(
    model: Model,
    dataset: Dataset,
    *,
    multi_query: bool = False,
    reranking: bool = False,
    masks: str | None = None,
    cache: Path | None = None,
    precision: str = "float32",
    progress: Progress = silent,
) -> Evaluation:
    """Embed a dataset's query and gallery and evaluate under the Market-1501 protocol.

    Args:
        model: its card says how to resize and mask.
        dataset: needs the splits "query" and "gallery", and "multi_query" for ``multi_query``.
        multi_query: also pool each query with all boxes of the same identity and camera (paper.md 5.2).
        reranking: also re-rank (k1 = 20, k2 = 6, lambda = 0.3).
        masks: where masks come from, if not from where the model's card says.
        cache: where packed images are kept.
        precision: of the network, "float32" or "bfloat16".
        progress: told about every stage.

    Raises:
        MaskreidError: a split is missing.
    """
    needed = ["query", "gallery"] + (["multi_query"] if multi_query else [])
    missing = [split for split in needed if not dataset.splits.get(split)]
    if missing:
        raise MaskreidError(
            f"{dataset.source.name}: evaluation needs {' and '.join(needed)}, found no {' and no '.join(missing)}; "
            f"it was read as {dataset.name} with {', '.join(dataset.splits)}"
        )
    config = data_config(model, masks)
    packed = {
        split: prepare(dataset.source, dataset.splits[split], config, cache=cache, progress=progress)
        for split in needed
    }
    features = {
        split: extract_features(model, images, precision=precision, progress=progress)
        for split, images in packed.items()
    }
    queries = {SINGLE: features["query"]}
    if multi_query:
        queries[MULTIPLE] = pool_queries(features["query"], features["multi_query"])
    metrics: dict[str, Metrics] = {}
    reranked: dict[str, RerankedDistances] = {}
    for name, query in queries.items():
        metrics[name] = evaluate(query, features["gallery"])
        if reranking:
            reranked[name] = rerank(query, features["gallery"], progress=progress)
            metrics[reranked_name(name)] = reranked[name].evaluate(progress=progress)
    return Evaluation(
        metrics=metrics,
        query=features["query"],
        gallery=features["gallery"],
        reranked=reranked.get(SINGLE),
        packed_query=packed["query"],
        packed_gallery=packed["gallery"],
    )


def data_config(model: Model, masks: str | None = None) -> DataConfig:
    """Return the size and mask policy that a model was trained with; ``masks`` replaces their source.

    A model of one stream reads no mask, so none is made for it.
    """
    policy = model.card["preprocessing"]["masks"]
    source = "none" if model.network.config.streams == 1 else masks or policy["source"]
    return DataConfig(resize=model.resize, masks=source, min_share=policy["min_share"])
