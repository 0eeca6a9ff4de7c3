"""Recipes, batches, the loop, features and the test of a model."""

from maskreid.training.adapting import adapt_model
from maskreid.training.calibrating import calibrate_model
from maskreid.training.evaluation import Evaluation, evaluate_model
from maskreid.training.extract import extract_features
from maskreid.training.held_out import held_out_features, held_out_test
from maskreid.training.loop import train
from maskreid.training.mixing import mix_models
from maskreid.training.prepare import prepare
from maskreid.training.profiling import profile_table
from maskreid.training.recipe import BatchConfig, DataConfig, LossConfig, Recipe, ScheduleConfig

__all__ = [
    "BatchConfig",
    "DataConfig",
    "Evaluation",
    "LossConfig",
    "Recipe",
    "ScheduleConfig",
    "adapt_model",
    "calibrate_model",
    "evaluate_model",
    "extract_features",
    "held_out_features",
    "held_out_test",
    "mix_models",
    "prepare",
    "profile_table",
    "train",
]
