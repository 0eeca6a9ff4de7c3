"""Features, CMC/mAP/mINP, protocols, re-ranking: arrays in, numbers out."""

from maskreid.retrieval.average_precision import (
    average_precision,
    average_precision_trapezoid,
    inverse_negative_penalty,
)
from maskreid.retrieval.evaluate import evaluate, evaluate_distances
from maskreid.retrieval.features import Features
from maskreid.retrieval.metrics import Metrics
from maskreid.retrieval.multi_query import pool_queries
from maskreid.retrieval.protocol import CAMERA_FREE, MARKET1501, Protocol
from maskreid.retrieval.rerank import RerankedDistances, rerank

__all__ = [
    "CAMERA_FREE",
    "MARKET1501",
    "Features",
    "Metrics",
    "Protocol",
    "RerankedDistances",
    "average_precision",
    "average_precision_trapezoid",
    "evaluate",
    "evaluate_distances",
    "inverse_negative_penalty",
    "pool_queries",
    "rerank",
]
