"""Losses as pure functions of features and identities."""

from maskreid.losses.distillation import distillation_loss
from maskreid.losses.full_ranking import full_ranking_loss
from maskreid.losses.library import LIBRARY, circle_loss, contrastive_loss, library_for
from maskreid.losses.n_pair import n_pair_loss
from maskreid.losses.oim import move_table, oim_loss
from maskreid.losses.quadruplet import quadruplet_loss
from maskreid.losses.ranking import ranking_floor, ranking_loss
from maskreid.losses.similarity import check_batch
from maskreid.losses.softmax import softmax_loss
from maskreid.losses.triplet import triplet_loss

__all__ = [
    "LIBRARY",
    "check_batch",
    "circle_loss",
    "contrastive_loss",
    "distillation_loss",
    "full_ranking_loss",
    "library_for",
    "move_table",
    "n_pair_loss",
    "oim_loss",
    "quadruplet_loss",
    "ranking_floor",
    "ranking_loss",
    "softmax_loss",
    "triplet_loss",
]
