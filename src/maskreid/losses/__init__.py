"""Losses as pure functions of features and identities."""

from maskreid.losses.full_ranking import full_ranking_loss
from maskreid.losses.n_pair import n_pair_loss
from maskreid.losses.ranking import ranking_floor, ranking_loss
from maskreid.losses.softmax import softmax_loss
from maskreid.losses.triplet import triplet_loss

__all__ = [
    "full_ranking_loss",
    "n_pair_loss",
    "ranking_floor",
    "ranking_loss",
    "softmax_loss",
    "triplet_loss",
]
