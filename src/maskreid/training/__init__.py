"""Recipes, batches, the loop, and features of a dataset."""

from maskreid.training.extract import extract_features
from maskreid.training.loop import train
from maskreid.training.prepare import cache_folder, mask_source, prepare
from maskreid.training.recipe import DataConfig, Recipe

__all__ = ["DataConfig", "Recipe", "cache_folder", "extract_features", "mask_source", "prepare", "train"]
