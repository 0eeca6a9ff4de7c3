"""Features, CMC/mAP/mINP, protocols, re-ranking: arrays in, numbers out."""

from maskreid.retrieval.approximate_search import approximate_search
from maskreid.retrieval.average_precision import (
    average_precision,
    average_precision_trapezoid,
    inverse_negative_penalty,
)
from maskreid.retrieval.bootstrap import Interval, bootstrap
from maskreid.retrieval.calibrate import calibrate, reliability_of
from maskreid.retrieval.calibration import Calibration
from maskreid.retrieval.camera_pairs import CameraPairs, camera_pairs
from maskreid.retrieval.cmc_interval import cmc_interval
from maskreid.retrieval.compare import Difference, check_same_test, compare
from maskreid.retrieval.device_search import device_search
from maskreid.retrieval.evaluate import evaluate, evaluate_distances
from maskreid.retrieval.everyone import everyone
from maskreid.retrieval.feature_folder import load_folder, save_folder
from maskreid.retrieval.features import Features, join_features
from maskreid.retrieval.foreign import FeatureFile, holds_features, read_features
from maskreid.retrieval.identity_scores import IdentityScores, identity_scores
from maskreid.retrieval.judge import Judgement, judge
from maskreid.retrieval.metrics import Metrics
from maskreid.retrieval.multi_query import pool_queries
from maskreid.retrieval.named_protocols import NAMED_PROTOCOLS, NamedProtocol, named_protocol
from maskreid.retrieval.neighbours import exact_search
from maskreid.retrieval.open_set import OpenSet, open_set
from maskreid.retrieval.protocol import ALL_VS_ALL, MARKET1501, Protocol
from maskreid.retrieval.reliability import Reliability
from maskreid.retrieval.rerank import rerank, rerank_among
from maskreid.retrieval.reranked import RerankedDistances
from maskreid.retrieval.reranking import Reranking
from maskreid.retrieval.similarities import Similarities, similarities
from maskreid.retrieval.single_shot import evaluate_single_shot
from maskreid.retrieval.worst import WorstQuery, worst_queries

__all__ = [
    "ALL_VS_ALL",
    "MARKET1501",
    "NAMED_PROTOCOLS",
    "Calibration",
    "CameraPairs",
    "Difference",
    "FeatureFile",
    "Features",
    "IdentityScores",
    "Interval",
    "Judgement",
    "Metrics",
    "NamedProtocol",
    "OpenSet",
    "Protocol",
    "Reliability",
    "RerankedDistances",
    "Reranking",
    "Similarities",
    "WorstQuery",
    "approximate_search",
    "average_precision",
    "average_precision_trapezoid",
    "bootstrap",
    "calibrate",
    "camera_pairs",
    "check_same_test",
    "cmc_interval",
    "compare",
    "device_search",
    "evaluate",
    "evaluate_distances",
    "evaluate_single_shot",
    "everyone",
    "exact_search",
    "holds_features",
    "identity_scores",
    "inverse_negative_penalty",
    "join_features",
    "judge",
    "load_folder",
    "named_protocol",
    "open_set",
    "pool_queries",
    "read_features",
    "reliability_of",
    "rerank",
    "rerank_among",
    "save_folder",
    "similarities",
    "worst_queries",
]
