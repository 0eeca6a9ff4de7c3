"""Features, CMC/mAP/mINP, protocols, re-ranking: arrays in, numbers out."""

from maskreid.retrieval.approximate_search import approximate_search
from maskreid.retrieval.average_precision import (
    average_precision,
    average_precision_trapezoid,
    inverse_negative_penalty,
)
from maskreid.retrieval.device_search import device_search
from maskreid.retrieval.evaluate import evaluate, evaluate_distances
from maskreid.retrieval.features import Features
from maskreid.retrieval.metrics import Metrics
from maskreid.retrieval.multi_query import pool_queries
from maskreid.retrieval.neighbours import exact_search
from maskreid.retrieval.protocol import CAMERA_FREE, MARKET1501, Protocol
from maskreid.retrieval.rerank import rerank
from maskreid.retrieval.reranked import RerankedDistances

__all__ = [
    "CAMERA_FREE",
    "MARKET1501",
    "Features",
    "Metrics",
    "Protocol",
    "RerankedDistances",
    "approximate_search",
    "average_precision",
    "average_precision_trapezoid",
    "device_search",
    "evaluate",
    "evaluate_distances",
    "exact_search",
    "inverse_negative_penalty",
    "pool_queries",
    "rerank",
]
